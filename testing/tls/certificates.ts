/** Certificates for tests, made by the `openssl` command in a temporary folder that is gone afterwards. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TestCertificate {
  readonly pem: string;
  readonly keyPem: string;
  readonly der: Uint8Array;
  /** PKCS#8. */
  readonly key: Uint8Array;
}

export interface CertificateWish {
  /** The common name, and the first name that it is for. An IP address is written `IP:127.0.0.1`. */
  readonly name: string;
  readonly keyKind?: "p-256" | "rsa-2048" | "rsa-1024";
  /** Who signs it; itself unless said. */
  readonly issuer?: TestCertificate;
  readonly isAuthority?: boolean;
  /** `openssl`'s time, as `20200101000000Z`. */
  readonly from?: string;
  readonly to?: string;
}

const KEY_OPTIONS = {
  "p-256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
  "rsa-2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
  "rsa-1024": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
} as const;

export function makeCertificate(wish: CertificateWish): TestCertificate {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-certificates-"));
  try {
    return makeIn(folder, wish);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The bytes between a PEM's lines. */
function derOf(pem: string): Uint8Array {
  return new Uint8Array(Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ""), "base64"));
}

function makeIn(folder: string, wish: CertificateWish): TestCertificate {
  const { name, keyKind = "p-256", issuer, isAuthority = false } = wish;
  const path = (file: string): string => join(folder, file);
  openssl("genpkey", ...KEY_OPTIONS[keyKind], "-out", path("key"));
  const commonName = name.replace(/^IP:/, "");
  openssl("req", "-new", "-key", path("key"), "-subj", `/O=Kakehi/CN=${commonName}`, "-out", path("request"));
  const keyPem = readFileSync(path("key"), "utf8");
  writeFileSync(path("issuer.key"), issuer?.keyPem ?? keyPem);
  if (issuer !== undefined) writeFileSync(path("issuer.crt"), issuer.pem);
  writeFileSync(path("extensions"), extensionsOf(name, isAuthority));
  writeFileSync(path("index"), "");
  writeFileSync(path("config"), configOf(folder));
  const dates = ["-startdate", wish.from ?? "20240101000000Z", "-enddate", wish.to ?? "20991231000000Z"];
  const signer = issuer === undefined ? ["-selfsign"] : ["-cert", path("issuer.crt")];
  openssl(
    ...[
      "ca",
      "-batch",
      "-notext",
      "-config",
      path("config"),
      "-keyfile",
      path("issuer.key"),
      ...signer,
      ...dates,
    ],
    ...["-in", path("request"), "-extfile", path("extensions"), "-out", path("crt")],
  );
  const pem = readFileSync(path("crt"), "utf8");
  return { pem, keyPem, der: derOf(pem), key: derOf(keyPem) };
}

function extensionsOf(name: string, isAuthority: boolean): string {
  const subject = name.startsWith("IP:") ? name : `DNS:${name}`;
  return isAuthority
    ? "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
    : `subjectAltName=${subject}\n`;
}

function configOf(folder: string): string {
  return `[ca]
default_ca=ours
[ours]
dir=${folder}
new_certs_dir=${folder}
database=${join(folder, "index")}
rand_serial=yes
default_md=sha256
policy=any
unique_subject=no
[any]
organizationName=optional
commonName=supplied
`;
}

function openssl(...arguments_: readonly string[]): void {
  execFileSync("openssl", arguments_, { stdio: ["ignore", "ignore", "pipe"] });
}
