import assert from "node:assert/strict";
import { test } from "node:test";
import { findPlace } from "./completion-place.ts";
import { liveKindOf } from "./live-names.ts";
import { createProgram, declareCommand } from "./program.ts";

function placeOf(...words: string[]) {
  return findPlace(createProgram([]), words, declareCommand);
}

async function kindAt(...words: string[]) {
  const { path, slot } = await placeOf(...words);
  return slot && liveKindOf(path, slot.name);
}

test("first a command is to come, then its verb", async () => {
  const first = await placeOf("clu");
  assert.deepEqual([first.path, first.typed], ["", "clu"]);
  assert(["run", "cluster", "completion"].every((name) => first.words.includes(name)));
  const verb = await placeOf("help", "backend", "");
  assert.deepEqual([verb.path, verb.words], ["backend", ["add", "update", "remove", "list"]]);
});

test("options are the command's and the program's, their values their own", async () => {
  const { words } = await placeOf("cluster", "add", "--");
  for (const option of ["--load-balancing", "--dry-run", "--socket", "--help"])
    assert(words.includes(option));
  assert(!words.includes("--cascade"));
  const value = await placeOf("cluster", "add", "app", "--load-balancing", "r");
  assert(value.slot?.choices.includes("round_robin"));
  const inWord = await placeOf("cluster", "add", "app", "--load-balancing=r");
  assert.deepEqual([inWord.before, inWord.typed, inWord.slot], ["--load-balancing=", "r", value.slot]);
  assert.deepEqual((await placeOf("cluster", "add", "--sticky-session=x")).slot, undefined);
});

test("a value is no verb, and behind -- nothing is an option", async () => {
  const place = await placeOf("--socket", "cluster", "backend", "list", "--limit=3", "app", "");
  assert.deepEqual([place.path, place.slot?.name], ["backend list", "backend-id"]);
  assert.deepEqual(Object.fromEntries(place.given), { socket: "cluster", limit: "3", "cluster-id": "app" });
  assert.deepEqual((await placeOf("cluster", "remove", "--", "-")).slot?.name, "cluster-id");
});

test("where no argument and no verb is to come, options are", async () => {
  assert((await placeOf("frontend", "remove", "")).words.includes("--hostname"));
  assert.deepEqual((await placeOf("cluster", "remove", "")).words, []);
});

test("names of what is there are wanted where a name must be, and not where one is invented", async () => {
  const kinds: readonly (readonly [string, string | undefined])[] = [
    ["cluster remove ", "cluster"],
    ["cluster add ", undefined],
    ["backend add ", "cluster"],
    ["backend add app ", undefined],
    ["backend add app app-1 ", undefined],
    ["backend remove app ", "backend"],
    ["frontend add --cluster-id ", "cluster"],
    ["frontend remove --hostname ", "hostname"],
    ["listener update ", "listener"],
    ["listener add ", undefined],
    ["drain listener ", "listener"],
    ["undrain backend app ", "backend"],
    ["certificate remove ", "listener"],
    ["certificate remove 127.0.0.1:8443 ", "certificate"],
    ["certificate show ", "certificate"],
    ["certificate list --name ", "certificate name"],
    ["certificate add --name ", undefined],
    ["listener update 127.0.0.1:8443 --default-certificate ", "certificate"],
    ["swap ", "cluster"],
    ["swap app --remove ", "backend"],
    ["swap app --add ", undefined],
    ["connections list --backend-id ", "backend"],
    ["explain --listener ", "listener"],
    ["workers restart ", "worker"],
    ["upgrade worker ", "worker"],
  ];
  for (const [line, kind] of kinds) assert.equal(await kindAt(...line.split(" ")), kind, line);
});

test("files are of this machine: paths of requests are none", async () => {
  for (const line of [
    "--socket ",
    "state save ",
    "transaction ",
    "config check ",
    "run --state ",
    "certificate add --key ",
    "upgrade main --program ",
  ]) {
    assert((await placeOf(...line.split(" "))).slot?.takesFile, line);
  }
  for (const line of ["frontend add --path-prefix ", "explain --path ", "explain "]) {
    assert.equal((await placeOf(...line.split(" "))).slot?.takesFile, false, line);
  }
});
