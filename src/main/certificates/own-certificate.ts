/**
 * The proxy's own certificate, signed by itself: what a client is shown whom no configured certificate
 * serves, so that a handshake succeeds and its owner sees what is missing. Made at every start, kept nowhere.
 */
import { generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";
import type { Certificate } from "../../model/objects.ts";
import {
  writeBitString,
  writeContext,
  writeInteger,
  writeObjectId,
  writeOctetString,
  writeSequence,
  writeSet,
  writeTime,
  writeTrue,
  writeUtf8String,
} from "./der.ts";

const COMMON_NAME = "kakehi";
/** Of clients whose clocks are behind. */
const BEFORE_MS = 24 * 60 * 60 * 1_000;
const VALID_YEARS = 10;
/** RFC 5280 section 4.1.2.2 allows 20. */
const SERIAL_BYTES = 16;
const VERSION_3 = Uint8Array.of(2);

const OBJECT_IDS = {
  commonName: "2.5.4.3",
  basicConstraints: "2.5.29.19",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
} as const;

/** A new one, of no listener and with no names. `nowMs` is the time of day, in milliseconds since 1970. */
export function makeOwnCertificate(nowMs: number): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const body = writeBody(publicKey.export({ format: "der", type: "spki" }), nowMs);
  const signature = sign("sha256", body, { key: privateKey, dsaEncoding: "der" });
  const der = writeSequence(body, signatureAlgorithm(), writeBitString(signature));
  const read = new X509Certificate(der);
  return {
    listener: "",
    fingerprint: read.fingerprint256.replaceAll(":", "").toLowerCase(),
    names: [],
    key_type: "ecdsa-p256",
    not_before_ms: read.validFromDate.getTime(),
    not_after_ms: read.validToDate.getTime(),
    certificate: der.toString("base64"),
    chain: [],
    key: privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"),
  };
}

/** TBSCertificate (RFC 5280 section 4.1). `publicKey` is its SubjectPublicKeyInfo. */
function writeBody(publicKey: Uint8Array, nowMs: number): Buffer {
  const until = new Date(nowMs);
  until.setUTCFullYear(until.getUTCFullYear() + VALID_YEARS);
  return writeSequence(
    writeContext(0, writeInteger(VERSION_3)),
    writeInteger(randomBytes(SERIAL_BYTES)),
    signatureAlgorithm(),
    ownName(),
    writeSequence(writeTime(nowMs - BEFORE_MS), writeTime(until.getTime())),
    ownName(),
    publicKey,
    writeContext(3, writeSequence(noAuthority())),
  );
}

function signatureAlgorithm(): Buffer {
  return writeSequence(writeObjectId(OBJECT_IDS.ecdsaWithSha256));
}

function ownName(): Buffer {
  const name = writeSequence(writeObjectId(OBJECT_IDS.commonName), writeUtf8String(COMMON_NAME));
  return writeSequence(writeSet(name));
}

/** Whoever trusts it trusts nothing that it could sign. */
function noAuthority(): Buffer {
  return writeSequence(
    writeObjectId(OBJECT_IDS.basicConstraints),
    writeTrue(),
    writeOctetString(writeSequence()),
  );
}
