/**
 * Certificates by the hundred thousand, quickly: the openssl program makes one, and the others are that one
 * with another name and another serial number, signed anew by the same authority. All have the same key. A
 * name has always the same length, so that no length inside changes.
 */
import { createHash, createPrivateKey, type KeyObject, sign, X509Certificate } from "node:crypto";
import { CertificateMaker } from "../../testing/tls/make-certificates.ts";
import { writeBitString, writeSequence } from "../../src/main/certificates/der.ts";
import type { Certificate } from "../../src/model/objects.ts";
import { makeAuthority } from "./wildcard.ts";

/** All names are below it: a wildcard frontend of it takes their requests. */
export const BULK_DOMAIN = "certificates.example.org";

/** One of many. */
export interface BulkCertificate {
  readonly name: string;
  readonly der: Buffer;
  /** Lower-case hexadecimal. */
  readonly fingerprint: string;
}

const NUMBER_DIGITS = 8;
/** With a first byte that makes it long, so that every serial is as long as this one. */
const SERIAL_OF_TEMPLATE = "0x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

/** The name of the certificate with this number. */
export function bulkNameOf(number: number): string {
  return `site-${String(number).padStart(NUMBER_DIGITS, "0")}.${BULK_DOMAIN}`;
}

/** Makes certificates that one authority signs. */
export class BulkCertificates {
  readonly #authorityKey: KeyObject;
  /** What is signed (TBSCertificate), with places to be overwritten. */
  readonly #body: Buffer;
  readonly #algorithm: Buffer;
  readonly #nameAt: readonly number[];
  readonly #serialAt: number;
  #serial = 0;
  readonly #validity: { readonly from: number; readonly to: number };
  /** PEM. */
  readonly key: string;
  readonly chain: readonly string[];
  readonly #keyText: string;
  readonly #chainTexts: readonly string[];

  constructor(folder: string) {
    const authority = makeAuthority(folder);
    const name = bulkNameOf(0);
    const maker = new CertificateMaker(folder);
    const template = maker.make({
      names: `DNS:${name}`,
      commonName: name,
      issuer: authority,
      serial: SERIAL_OF_TEMPLATE,
    });
    const read = new X509Certificate(template.certificate);
    const [body, algorithm] = readValues(contentsOf(read.raw));
    this.#body = Buffer.from(body!);
    this.#algorithm = Buffer.from(algorithm!);
    this.#nameAt = placesOf(this.#body, Buffer.from(name));
    this.#serialAt = this.#body.indexOf(Buffer.from(SERIAL_OF_TEMPLATE.slice(2), "hex"));
    this.#validity = { from: read.validFromDate.getTime(), to: read.validToDate.getTime() };
    this.#authorityKey = createPrivateKey(authority.key);
    this.key = template.key;
    this.chain = [authority.certificate];
    this.#keyText = base64Of(createPrivateKey(template.key).export({ format: "der", type: "pkcs8" }));
    this.#chainTexts = this.chain.map((pem) => base64Of(new X509Certificate(pem).raw));
  }

  /** A new certificate for the name with this number: it differs from all others also by its serial. */
  make(number: number): BulkCertificate {
    const name = bulkNameOf(number);
    for (const at of this.#nameAt) this.#body.write(name, at, "latin1");
    // Its first byte stays, which keeps the number positive and its length what it is.
    this.#body.writeUInt32BE(++this.#serial, this.#serialAt + 4);
    const signature = sign("sha256", this.#body, this.#authorityKey);
    const der = writeSequence(this.#body, this.#algorithm, writeBitString(signature));
    return { name, der, fingerprint: createHash("sha256").update(der).digest("hex") };
  }

  /** As the state of a proxy holds it. */
  objectOf({ name, der, fingerprint }: BulkCertificate, listener: string): Certificate {
    return {
      listener,
      fingerprint,
      names: [name],
      key_type: "ecdsa-p256",
      not_before_ms: this.#validity.from,
      not_after_ms: this.#validity.to,
      certificate: base64Of(der),
      chain: this.#chainTexts,
      key: this.#keyText,
    };
  }

  /** As an order carries it. */
  sentAs({ der }: BulkCertificate, listener: string): object {
    const certificate = new X509Certificate(der).toString();
    return { listener, certificate, chain: this.chain, key: this.key };
  }
}

function base64Of(bytes: Buffer): string {
  return bytes.toString("base64");
}

function placesOf(bytes: Buffer, searched: Buffer): readonly number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(searched); at !== -1; at = bytes.indexOf(searched, at + 1)) places.push(at);
  return places;
}

/** What a value of DER holds: the bytes after its tag and its length (X.690 section 8.1). */
function contentsOf(value: Buffer): Buffer {
  const { start, end } = readHeader(value, 0);
  return value.subarray(start, end);
}

/** The values that stand one after the other, each with its header. */
function readValues(contents: Buffer): readonly Buffer[] {
  const values: Buffer[] = [];
  for (let at = 0; at < contents.length;) {
    const { end } = readHeader(contents, at);
    values.push(contents.subarray(at, end));
    at = end;
  }
  return values;
}

function readHeader(bytes: Buffer, at: number): { readonly start: number; readonly end: number } {
  const first = bytes.readUInt8(at + 1);
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  const start = at + 2 + lengthBytes;
  return { start, end: start + (lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes)) };
}
