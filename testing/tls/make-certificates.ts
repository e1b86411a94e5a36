/**
 * Certificates for tests, made by the openssl program in a folder of the test's own.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** PEM texts. */
export interface MadeCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateWishes {
  /** As openssl writes them: `DNS:a.example,IP:192.0.2.1`. Absent: no subject alternative names. */
  readonly names?: string;
  readonly commonName?: string;
  /** From now; less than nothing is in the past. */
  readonly days?: number;
  readonly isAuthority?: boolean;
  readonly key?: readonly string[];
  /** As openssl writes it, `0x…` for hexadecimal. Absent: the next of a row. */
  readonly serial?: string;
  /** Absent: it signs itself. */
  readonly issuer?: MadeCertificate;
}

const P256: readonly string[] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];

/** Makes certificates in one folder. */
export class CertificateMaker {
  readonly #folder: string;
  #count = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  make(wishes: CertificateWishes = {}): MadeCertificate {
    const { names, commonName = `made ${++this.#count}`, days = 30, isAuthority = false } = wishes;
    const key = this.openssl(["genpkey", ...(wishes.key ?? P256)], "");
    const extensions = [
      `basicConstraints=critical,CA:${isAuthority ? "TRUE" : "FALSE"}`,
      // Only the signature then tells whose key signed it: a stricter test than with them.
      "subjectKeyIdentifier=none",
      "authorityKeyIdentifier=none",
      ...(names === undefined ? [] : [`subjectAltName=${names}`]),
    ];
    const keyPath = this.write("key", key);
    const request = this.openssl(["req", "-new", "-key", keyPath, "-subj", `/CN=${commonName}`], "");
    const issuer = wishes.issuer;
    const signing =
      issuer === undefined
        ? ["-key", keyPath]
        : ["-CA", this.write("issuer", issuer.certificate), "-CAkey", this.write("issuer-key", issuer.key)];
    const validity = days > 0 ? ["-days", `${days}`] : [];
    const extensionPath = this.write("extensions", extensions.join("\n"));
    const args = [
      "x509",
      "-req",
      ...signing,
      ...validity,
      "-extfile",
      extensionPath,
      "-set_serial",
      wishes.serial ?? nextSerial(),
    ];
    if (days > 0) return { certificate: this.openssl(args, request), key };
    return { certificate: this.#expired(request, keyPath, extensionPath), key };
  }

  /** Runs the openssl program; gives what it printed. */
  openssl(args: readonly string[], input: string): string {
    return execFileSync("openssl", args, { input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
  }

  /** Writes a file and gives its path. */
  write(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** `openssl x509` has no dates in the past; `openssl ca` has. */
  #expired(request: string, keyPath: string, extensionPath: string): string {
    const config = ["[ca]", "default_ca=one", "[one]", `database=${this.write("index", "")}`];
    config.push(`new_certs_dir=${this.#folder}`, `serial=${this.write("serial", "01\n")}`, "policy=any");
    config.push("default_md=sha256", "[any]", "commonName=supplied");
    const args = ["ca", "-batch", "-notext", "-selfsign", "-keyfile", keyPath, "-extfile", extensionPath];
    args.push("-config", this.write("config", config.join("\n")), "-in", this.write("request", request));
    args.push("-startdate", "20200101000000Z", "-enddate", "20200201000000Z");
    this.openssl([...args, "-out", this.write("expired", "")], "");
    return readFileSync(join(this.#folder, "expired"), "utf8");
  }
}

let lastSerial = 0;

function nextSerial(): string {
  return `${++lastSerial}`;
}
