// airtable.js as a second client of the sandbox: what its public interface promises, said in our own words.
// Started by run_airtable_js.py in a folder where `airtable` is installed; AIRTABLE_ENDPOINT_URL, AIRTABLE_API_KEY,
// SANDBOX_BASE and SANDBOX_OTHER_TOKEN say where and as whom. One line per check, exit code 1 when one fails.
import assert from "node:assert/strict";
import Airtable from "airtable";

const { AIRTABLE_ENDPOINT_URL: endpointUrl, AIRTABLE_API_KEY: apiKey, SANDBOX_BASE: baseId } = process.env;
const base = new Airtable({ apiKey, endpointUrl }).base(baseId);
const partners = base("Partners");
const campaigns = base("Campaigns");
const admin = (method, path, body) =>
  fetch(`${endpointUrl}/_sandbox/${path}`, { method, body: JSON.stringify(body ?? {}) }).then((r) => r.json());

async function cleared() {
  for (const table of [campaigns, partners]) {
    const ids = (await table.select().all()).map((record) => record.id);
    for (let at = 0; at < ids.length; at += 10) await table.destroy(ids.slice(at, at + 10));
  }
}

async function many(count) {
  const made = [];
  for (let at = 0; at < count; at += 10) {
    const rows = Array.from({ length: Math.min(10, count - at) }, (_, n) => ({
      fields: { partner_id: `pt-${String(at + n).padStart(3, "0")}`, amount: at + n },
    }));
    made.push(...(await partners.create(rows)));
  }
  return made;
}

const refused = (promise, error, statusCode) =>
  assert.rejects(promise, (raised) => {
    assert.deepEqual([raised.error, raised.statusCode], [error, statusCode]);
    return true;
  });

const checks = {
  "create, find, update, replace and destroy one record": async () => {
    const made = await partners.create({ partner_id: "pt-1", amount: 12.5, signed: true, markets: ["US", "DE"] });
    assert.match(made.id, /^rec[0-9A-Za-z]{14}$/);
    assert.equal((await partners.find(made.id)).get("amount"), 12.5);
    const updated = await partners.update(made.id, { amount: 13 });
    assert.deepEqual(updated.fields, { partner_id: "pt-1", amount: 13, signed: true, markets: ["US", "DE"] });
    const replaced = await partners.replace(made.id, { partner_id: "pt-1" });
    assert.deepEqual(replaced.fields, { partner_id: "pt-1" });
    assert.equal((await partners.destroy(made.id)).id, made.id);
    await refused(partners.find(made.id), "NOT_AUTHORIZED", 403);
  },
  "create, update, replace and destroy several records": async () => {
    const made = await many(10);
    const rows = made.slice(0, 3).map(({ id }, n) => ({ id, fields: { notes: `note ${n}` } }));
    assert.deepEqual((await partners.update(rows)).map((r) => r.get("notes")), ["note 0", "note 1", "note 2"]);
    assert.deepEqual((await partners.replace(rows)).map((r) => r.fields), rows.map((r) => r.fields));
    const gone = await partners.destroy(made.slice(0, 4).map((r) => r.id));
    assert.deepEqual(gone.map((r) => r.id), made.slice(0, 4).map((r) => r.id));
    assert.equal((await partners.select().all()).length, 6);
  },
  "upsert by a key field": async () => {
    await partners.create({ partner_id: "pt-1", amount: 1 });
    const rows = ["pt-1", "pt-2"].map((partner_id) => ({ fields: { partner_id, amount: 7 } }));
    const options = { performUpsert: { fieldsToMergeOn: ["partner_id"] } };
    assert.deepEqual((await partners.update(rows, options)).map((r) => r.get("partner_id")), ["pt-1", "pt-2"]);
    assert.deepEqual((await partners.select().all()).map((r) => r.get("amount")), [7, 7]);
  },
  "page through a listing, by callback and at once": async () => {
    await many(25);
    const sizes = [];
    await partners.select({ pageSize: 10 }).eachPage((records, next) => (sizes.push(records.length), next()));
    assert.deepEqual(sizes, [10, 10, 5]);
    assert.equal((await partners.select({ maxRecords: 12, pageSize: 10 }).all()).length, 12);
    assert.equal((await partners.select({ pageSize: 10 }).firstPage()).length, 10);
  },
  "filter, sort, view, fields and field ids": async () => {
    await many(12);
    const options = { filterByFormula: "{amount} >= 9", sort: [{ field: "amount", direction: "desc" }] };
    const some = await partners.select({ ...options, view: "Grid view", fields: ["amount"] }).all();
    assert.deepEqual(some.map((r) => r.fields), [{ amount: 11 }, { amount: 10 }, { amount: 9 }]);
    const [byId] = await partners.select({ maxRecords: 1, returnFieldsByFieldId: true }).all();
    assert.ok(Object.keys(byId.fields).every((key) => key.startsWith("fld")));
  },
  "a long formula goes by POST, and so does what asks for it": async () => {
    const made = await many(12);
    const terms = [...made.map((r) => r.id), ...Array(600).fill("recAAAAAAAAAAAAAA")];
    const filterByFormula = `OR(${terms.map((id) => `RECORD_ID()='${id}'`).join(",")})`;
    assert.equal((await partners.select({ filterByFormula, pageSize: 5 }).all()).length, 12);
    assert.equal((await partners.select({ method: "post", pageSize: 5, fields: ["amount"] }).all()).length, 12);
    assert.equal((await partners.select({ method: "get", maxRecords: 1 }).all()).length, 1);
  },
  "cells as texts, in a time zone and a locale": async () => {
    await partners.create({ partner_id: "pt-1", amount: 2, signed: true, share: 0.5, seen: "2026-11-20T23:30:00.000Z" });
    const form = { cellFormat: "string", timeZone: "Europe/Berlin", userLocale: "en-us" };
    const expected = { partner_id: "pt-1", amount: "2.00", signed: "checked", share: "50%", seen: "2026-11-21 00:30" };
    assert.deepEqual((await partners.select(form).all())[0].fields, expected);
    const byPost = await partners.select({ ...form, method: "post" }).all();
    assert.deepEqual(byPost[0].fields, expected);
  },
  "links are kept true on both sides": async () => {
    const partner = await partners.create({ partner_id: "pt-1" });
    const campaign = await campaigns.create({ campaign_id: "jc-1", partner: [partner.id] });
    assert.deepEqual((await partners.find(partner.id)).get("Campaigns"), [campaign.id]);
  },
  "typecast adds a choice, its absence refuses it": async () => {
    await refused(partners.create({ tier: "bronze" }), "INVALID_MULTIPLE_CHOICE_OPTIONS", 422);
    assert.equal((await partners.create({ tier: "bronze" }, { typecast: true })).get("tier"), "bronze");
  },
  "comments are counted in a listing": async () => {
    const { id } = await partners.create({ partner_id: "pt-1" });
    await base.makeRequest({ method: "POST", path: `/Partners/${id}/comments`, body: { text: "Looks right." } });
    const [record] = await partners.select({ recordMetadata: ["commentCount"] }).all();
    assert.equal(record.commentCount, 1);
    const { body } = await base.makeRequest({ path: `/Partners/${id}/comments` });
    assert.equal(body.comments[0].text, "Looks right.");
  },
  "refusals carry their type and status": async () => {
    await refused(partners.create({ nope: 1 }), "UNKNOWN_FIELD_NAME", 422);
    await refused(partners.create({ amount: "x" }), "INVALID_VALUE_FOR_COLUMN", 422);
    await refused(partners.select({ filterByFormula: "AND(" }).all(), "INVALID_FILTER_BY_FORMULA", 422);
    await refused(base("Nowhere").select().all(), "NOT_AUTHORIZED", 403);
    await refused(partners.find("junk"), "NOT_FOUND", 404);
    const nobody = new Airtable({ apiKey: "patNobody", endpointUrl }).base(baseId);
    await refused(nobody("Partners").select().all(), "AUTHENTICATION_REQUIRED", 401);
    const reader = new Airtable({ apiKey: process.env.SANDBOX_OTHER_TOKEN, endpointUrl }).base(baseId);
    await refused(reader("Partners").create({ partner_id: "pt-9" }), "NOT_AUTHORIZED", 403);
  },
  "a busy service is asked again, or not, as the client is told": async () => {
    const quick = new Airtable({ apiKey, endpointUrl, noRetryIfRateLimited: true }).base(baseId);
    await admin("POST", "faults", { kind: "rate_limit", times: 1 });
    await refused(quick("Partners").select().all(), "TOO_MANY_REQUESTS", 429);
    await admin("POST", "faults", { kind: "unavailable", times: 1 });
    await refused(partners.select().all(), "SERVICE_UNAVAILABLE", 503);
    await admin("POST", "faults", { kind: "rate_limit", times: 1 });
    assert.deepEqual(await partners.select().all(), []);
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await cleared();
    await check();
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${error.stack}`);
  }
}
console.log(`airtable.js ${process.env.AIRTABLE_JS_VERSION}: ${Object.keys(checks).length - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
