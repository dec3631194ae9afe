"""How e-mail addresses are compared."""

from __future__ import annotations

import pytest

from mdfsync.addresses import ascii_domain, exact, is_under, mailbox


@pytest.mark.parametrize(
    "text, expected",
    [
        (" Ana@ACME.example ", "ana@acme.example"),
        ("ana @acme.example", "ana@acme.example"),
        ("<ana@acme.example>", "ana@acme.example"),
        ("mailto:ana@acme.example", "ana@acme.example"),
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
        ("ana@BÜCHER.example.", "ana@xn--bcher-kva.example"),
        ("ana+fair@acme.example", "ana+fair@acme.example"),
        ("ana@localhost", ""),
        ("ana.acme.example", ""),
        ("ana@b@acme.example", ""),
        ("", ""),
    ],
)
def test_an_address_is_compared_without_what_means_nothing(text: str, expected: str) -> None:
    assert exact(text) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("ana+fair@acme.example", "ana@acme.example"),
        ("+fair@acme.example", "+fair@acme.example"),
        ("ana.ruiz@acme.example", "ana.ruiz@acme.example"),
        ("Ana.Ruiz+x@googlemail.com", "anaruiz@gmail.com"),
        ("anaruiz@gmail.com", "anaruiz@gmail.com"),
        ("none", ""),
    ],
)
def test_a_mailbox_is_what_an_address_leads_into(text: str, expected: str) -> None:
    assert mailbox(text) == expected


@pytest.mark.parametrize(
    "domain, parents, expected",
    [
        ("acme.example", ("acme.example",), "acme.example"),
        ("eu.acme.example", ("acme.example",), "acme.example"),
        ("notacme.example", ("acme.example",), ""),
        ("xn--bcher-kva.example", ("bücher.example",), "xn--bcher-kva.example"),
        ("", ("acme.example",), ""),
        ("acme.example", ("",), ""),
    ],
)
def test_a_domain_stands_under_itself_and_its_parents(domain: str, parents: tuple[str, ...], expected: str) -> None:
    assert is_under(domain, parents) == expected


def test_a_domain_that_is_none_stays_what_it_is() -> None:
    assert ascii_domain("ä" * 70 + ".example") == "ä" * 70 + ".example"
