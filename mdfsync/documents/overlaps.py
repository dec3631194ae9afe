"""The overlap map of a campaign as a document: per partner what is shared, who is a target and who is not and why, what
waits for a person, and what has moved since launch.

It shows both sides' facts, so it is for our own people; what a partner may see is another document. A pure function of
the map; `render` gives it its form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mdfsync.approval import Part
from mdfsync.documents.overlap_data import BEHIND, overlap_data, unread_overlaps
from mdfsync.documents.paper import Block, Grid, Paper, Section, Words
from mdfsync.documents.wording import BLANK, day_text
from mdfsync.overlaps.map import STATUSES, OverlapMap, PartnerMap
from mdfsync.overlaps.standing import SOURCES
from mdfsync.overlaps.targets import BY
from mdfsync.values import instant_text, to_instant
from mdfsync.view import Row, View

_PRESENCE = {
    "before_launch": "not launched yet", "at_launch": "yes", "added_after_launch": "no, came later",
    "unknown": "not proven",
}  # fmt: skip
_PART = {"none": "not asked", "pending": "has not approved", "declined": "said no", "lapsed": "approval lapsed"}
_LABEL = {"at_launch": "at launch", "late": "late: proves nothing about launch", "": "none yet"}


def overlap_document(view: View, found: OverlapMap) -> Paper:
    """The map on the view's day."""
    campaign = found.campaign
    name = campaign.text("campaign_name") or campaign.id
    return Paper(
        title="Overlap map",
        subtitle=f"{name} ({campaign.id})" if name != campaign.id else name,
        running=f"Overlap map of {campaign.id}, internal: not for partners",
        about=tuple(_about(view, found)),
        notices=tuple(_notices(view, found)),
        sections=tuple(_sections(view, found)),
        as_of=view.as_of.date(),
        data=overlap_data(view, found),
    )


def _about(view: View, found: OverlapMap) -> Iterator[tuple[str, str]]:
    campaign = found.campaign
    yield "Partners", ", ".join(partner.name for partner in found.partners) or BLANK
    yield "Launch", _moment(campaign.text("launch_at"))
    for partner in found.partners:
        id, at, label = partner.snapshot
        words = f"{_LABEL[label]}\n{id}, state of {_moment(at)}" if id else "none yet"
        yield f"Launch snapshot, {partner.name}", words
    yield "Markets", ", ".join(campaign.listed("markets")) or BLANK
    yield "Account scope", campaign.text("account_scope").replace("_", " ") or BLANK
    yield "Target list", _approval_words(found)
    yield "As of", day_text(view.as_of.date())


def _approval_words(found: OverlapMap) -> str:
    if found.gate.satisfied:
        signers = dict.fromkeys(approval.signer for _, approval in found.approvals() if approval.signer)
        return f"approved by both owners ({', '.join(signers)})\n{_version(found)}"
    said = {"none": "nobody was asked", "lapsed": "its approval lapsed", "declined": "declined"}
    return f"not approved: {said.get(found.gate.state, 'not everybody has')}"


def _notices(view: View, found: OverlapMap) -> Iterator[Words]:
    if unread := unread_overlaps(view, found):
        yield Words(text=f"{unread}.", tone="warning")
    late = [partner.name for partner in found.partners if partner.snapshot[2] == "late"]
    if late:
        text = f"The snapshot of {', '.join(late)} was taken too long after launch and proves nothing about launch."
        yield Words(text=text, tone="warning")
    if found.gate.parts and not found.gate.satisfied:
        against = "; ".join(
            f"{_asked(found, part)}: {_PART.get(part.state, part.state)}"
            for part in found.gate.parts
            if part.state != "approved"
        )
        yield Words(text=f"The target list is not approved: {against}.", tone="warning")
    for source in SOURCES:
        health = view.health(source)
        if health.status not in {"fresh", "never"}:
            why = health.held or health.absent or "outside its refresh window"
            yield Words(text=f"{source} is {health.status}: {why}.", tone="warning")
        for file in health.cut_off:
            text = f"{file.file} ends at an export limit of {file.rows} rows: accounts may be missing."
            yield Words(text=text, tone="warning")


def _sections(view: View, found: OverlapMap) -> Iterator[Section]:
    if unread_overlaps(view, found):  # of tables without a row everybody would conclude that nothing is shared
        yield Section(title="Approval of the target list", blocks=tuple(_approval(found)))
        yield Section(title="Sources", blocks=(_sources(view),))
        return
    yield Section(title="In numbers", blocks=tuple(_numbers(found)))
    for partner in found.partners:
        yield Section(title=f"What the accounts are to both sides: {partner.name}", blocks=(_matrix(partner),))
    yield Section(title="Target list", blocks=tuple(_targets(found)))
    yield Section(title="Approval of the target list", blocks=tuple(_approval(found)))
    yield Section(title="For review", blocks=tuple(_review(found)))
    yield Section(title="Excluded", blocks=tuple(_excluded(found)))
    yield Section(title="Overlaps that met no company of ours", blocks=tuple(_unmatched(found)))
    yield Section(title="Since launch", blocks=tuple(_since(found)))
    if by_hand := (*found.groups, *found.markets):
        text = "These lines of the charter name no account or country. People apply them; no rule did."
        grid = Grid(columns=("Line",), rows=tuple((line,) for line in by_hand))
        yield Section(title="Applied by people", blocks=(Words(text=text), grid))
    yield Section(title="Sources", blocks=(_sources(view),))


def _numbers(found: OverlapMap) -> Iterator[Block]:
    columns = (
        "Partner",
        "Shown now",
        "Targets",
        "Excluded",
        "For review",
        "Met nobody",
        "No longer shown",
        "Appeared late",
    )
    rows = [
        (
            partner.name, *(str(n) for n in (
                len(partner.visible), len(partner.standing("target")),
                len(set(partner.standing("excluded")) - set(partner.withdrawn)),
                len(partner.standing("review")), len(partner.unmatched), len(partner.withdrawn), len(partner.appeared),
            )),
        )
        for partner in found.partners
    ]  # fmt: skip
    yield Grid(columns=columns, rows=tuple(rows), widths=(24, *(11,) * 7), right=tuple(range(1, 8)))
    shown = sum(len(partner.visible) for partner in found.partners)
    if len(found.partners) > 1:
        yield Words(
            text=f"{shown} rows are {found.accounts} different accounts: one that several partners share is one."
        )


def _matrix(partner: PartnerMap) -> Grid:
    """Our status down, the partner's across, as Crossbeam's own account mapping has it."""
    counts = partner.matrix
    heads = [status.replace("_", " ") for status in STATUSES]
    rows = [
        (f"to us: {head}", *(str(counts.get((mine, other), 0)) for other in STATUSES))
        for mine, head in zip(STATUSES, heads, strict=True)
    ]
    columns = ("", *(f"to them: {head}" for head in heads))
    return Grid(columns=columns, rows=tuple(rows), widths=(28, 18, 18, 18, 18), right=(1, 2, 3, 4))


def _targets(found: OverlapMap) -> Iterator[Block]:
    if not found.targets:
        yield Words(text="No account is a target.")
        return
    names = {partner.partner_id: partner.name for partner in found.partners}
    rows = tuple(
        (
            _account(row), names.get(row.text("partner_id"), row.text("partner_id")), _both(row),
            row.text("account_owner") or BLANK, row.text("partner_owner_name") or "not shared", _presence(row),
        )
        for row in found.targets
    )  # fmt: skip
    columns = ("Account", "Partner", "To us / to them", "Our owner", "Their owner", "There at launch")
    yield Grid(columns=columns, rows=rows, widths=(25, 13, 16, 20, 13, 13))


def _approval(found: OverlapMap) -> Iterator[Block]:
    if not found.gate.parts:
        yield Words(text="The approval matrix asks nobody.")
        return
    rows = []
    for part in found.gate.parts:
        for approval in part.carried_by or (None,):
            who = (approval.signer, _moment(approval.decided_at), approval.row.id) if approval else ("", "", "")
            state = approval.status if approval else _PART.get(part.state, part.state)
            rows.append((_asked(found, part), state, *(text or BLANK for text in who)))
    columns = ("Asked", "State", "By", "When", "Approval")
    yield Grid(columns=columns, rows=tuple(rows), widths=(25, 14, 25, 18, 18))
    text = (
        f"The list as it stands has {_version(found)}. Who is shown as approved has seen just these targets with both "
        "sides' status; another target, one less or another status makes another version, and the approval lapses."
    )
    yield Words(text=text)
    for part, approval in found.approvals():
        if approval.status == "lapsed":
            yield Words(text=f"{approval.row.id} ({_asked(found, part)}): {approval.reason}.", tone="warning")


def _review(found: OverlapMap) -> Iterator[Block]:
    rows = [
        (_account(row), partner.name, row.text("exclusion_reason"), _match(row))
        for partner in found.partners
        for row in partner.standing("review")
    ]
    if not rows:
        yield Words(text="Nothing waits for a person.")
        return
    yield Words(text="None of these is a target unless a person says so in target_decision.")
    yield Grid(columns=("Account", "Partner", "Why", "Match"), rows=tuple(rows), widths=(25, 15, 35, 25))


def _excluded(found: OverlapMap) -> Iterator[Block]:
    excluded = [(partner, row) for partner in found.partners for row in partner.standing("excluded")]
    if not excluded:
        yield Words(text="No account is excluded.")
        return
    counts = Counter(row.text("exclusion_rule") for _, row in excluded)
    order = sorted(counts, key=lambda by: (-counts[by], by))
    yield Grid(
        columns=("Rule", "Accounts"),
        rows=tuple((_rule(by), str(counts[by])) for by in order),
        widths=(80, 20),
        right=(1,),
    )
    rows = tuple(
        (_account(row), partner.name, _rule(row.text("exclusion_rule")), row.text("exclusion_reason"))
        for by in order
        for partner, row in excluded
        if row.text("exclusion_rule") == by
    )
    yield Grid(
        columns=("Account", "Partner", "Rule", "Facts"), rows=rows, widths=(26, 15, 22, 37), title="Account by account"
    )


def _unmatched(found: OverlapMap) -> Iterator[Block]:
    rows = [
        (partner.name, exception.text("message"), _told(exception, "candidates"), _told(exception, "domain"))
        for partner in found.partners
        for exception in partner.unmatched
    ]
    if not rows:
        yield Words(text="Every overlap met one company.")
        return
    yield Words(text="Candidates are ranked; a name alone never makes a match. They become no rows until one fits.")
    columns = ("Partner", "Overlap", "Candidates (score: evidence)", "Its website")
    yield Grid(columns=columns, rows=tuple(rows), widths=(14, 25, 40, 21))


def _since(found: OverlapMap) -> Iterator[Block]:
    rows: list[tuple[str, ...]] = []
    for partner in found.partners:
        rows += [
            (_account(row), partner.name, f"appeared after {row.text('appeared_after')}") for row in partner.appeared
        ]
        rows += [
            (_account(row), partner.name, "no longer shown in Crossbeam; why is unknown") for row in partner.withdrawn
        ]
        rows += [(_account(row), partner.name, row.text("changes_since_launch")) for row in partner.moved]
    if rows:
        yield Grid(columns=("Account", "Partner", "What changed"), rows=tuple(rows), widths=(28, 17, 55))
    elif any(partner.snapshot[0] for partner in found.partners):
        yield Words(text="Nothing has changed since the launch snapshot.")
    else:
        yield Words(text="There is no launch snapshot yet to compare with.")


def _sources(view: View) -> Grid:
    rows = []
    for source in BEHIND:
        health = view.health(source)
        at = instant_text(health.last_accepted_at) if health.last_accepted_at else ""
        rows.append((source, health.status, _moment(at), str(health.rows)))
    return Grid(
        columns=("Source", "State", "Last delivery", "Rows"), rows=tuple(rows), widths=(30, 15, 35, 20), right=(3,)
    )


# ---------------------------------------------------------------- words


def _account(row: Row) -> str:
    return "\n".join(text for text in (row.text("account_name"), row.text("account_domain")) if text) or row.id


def _both(row: Row) -> str:
    names = ("customer_status_ours", "customer_status_partner")
    return " / ".join((row.text(name) or "unknown").replace("_", " ") for name in names)


def _match(row: Row) -> str:
    return f"{row.text('match_confidence') or 'unknown'}: {row.text('match_basis') or BLANK}"


def _presence(row: Row) -> str:
    """Whether the account was shared at launch, and by whose word where the snapshot does not say."""
    said = row.text("overlap_status")
    if said == "at_launch" and row.text("snapshot_label") != "at_launch":
        return "by Crossbeam's date" if row.text("overlap_since") else "by our first sight"
    return _PRESENCE.get(said, said.replace("_", " ") or BLANK)


def _version(found: OverlapMap) -> str:
    """A few signs of the version tell two pages apart; the whole hash stands in the JSON."""
    count = len(found.targets)
    return f"{count} target{'' if count == 1 else 's'}, version {found.version[:8]}"


def _asked(found: OverlapMap, part: Part) -> str:
    """Who is asked to approve: the role, and of which partner."""
    names = {partner.partner_id: partner.name for partner in found.partners}
    of = f" of {names.get(part.partner_id, part.partner_id)}" if part.partner_id else ""
    return f"{part.role.replace('-', ' ')}{of}"


def _rule(by: str) -> str:
    return BY.get(by, by or BLANK)


def _told(exception: Row, name: str) -> str:
    """One fact of an exception's evidence."""
    lines = exception.text("evidence").splitlines()
    found = (line.removeprefix(f"{name}: ") for line in lines if line.startswith(f"{name}: "))
    return next(found, "").replace("; hs-co-", "\nhs-co-") or "none"


def _moment(text: str) -> str:
    if not text:
        return BLANK
    at = to_instant(text)
    return f"{day_text(at.date())}, {at:%H:%M} UTC"
