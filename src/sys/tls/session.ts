/** What a handshake has agreed on, as OpenSSL tells it. Read once, when it is complete. */
import { decodeUtf8Leniently } from "../../base/text.ts";
import type { TlsPeerCertificate, TlsSession } from "../../tls/machine.ts";
import {
  BIO_free,
  BIO_new,
  BIO_read,
  BIO_s_mem,
  EVP_sha256,
  X509_digest,
  X509_get_subject_name,
  X509_NAME_print_ex,
} from "./crypto-calls.ts";
import { addressOfWord, bytesAt, pointerAt, roomFor, taken, textAt, words } from "./desk.ts";
import {
  SSL_CIPHER_get_name,
  SSL_get0_alpn_selected,
  SSL_get0_peer_certificate,
  SSL_get_current_cipher,
  SSL_session_reused,
  SSL_version,
} from "./ssl-calls.ts";

const TLS1_3_VERSION = 0x0304;
const XN_FLAG_RFC2253 = 0x111_0317;
const SHA256_BYTES = 32;
const SUBJECT_BYTES_MAX = 4096;

/** OpenSSL's ciphers are constants: each name is read once. */
const cipherNames = new Map<number, string>();

export function sessionOf(ssl: number): TlsSession {
  return {
    version: SSL_version(ssl) === TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2",
    cipher: cipherName(SSL_get_current_cipher(ssl)),
    isResumed: SSL_session_reused(ssl) === 1,
    protocol: protocolOf(ssl),
    peerCertificate: peerCertificateOf(ssl),
  };
}

function cipherName(cipher: number): string {
  const known = cipherNames.get(cipher);
  if (known !== undefined) return known;
  const name = textAt(SSL_CIPHER_get_name(cipher));
  cipherNames.set(cipher, name);
  return name;
}

function protocolOf(ssl: number): string | undefined {
  SSL_get0_alpn_selected(ssl, addressOfWord(0), addressOfWord(2));
  const length = words[2]!;
  return length === 0 ? undefined : decodeUtf8Leniently(bytesAt(pointerAt(0), length));
}

function peerCertificateOf(ssl: number): TlsPeerCertificate | undefined {
  const x509 = SSL_get0_peer_certificate(ssl);
  if (x509 === 0) return undefined;
  const room = roomFor(SHA256_BYTES);
  X509_digest(x509, EVP_sha256(), room, 0);
  const fingerprint = Buffer.from(taken(SHA256_BYTES)).toString("hex");
  return { subject: subjectOf(x509), fingerprint };
}

/** A part of a subject could be another's: it is told whole, or not at all. */
function subjectOf(x509: number): string {
  const bio = BIO_new(BIO_s_mem());
  const printed = X509_NAME_print_ex(bio, X509_get_subject_name(x509), 0, XN_FLAG_RFC2253);
  const isWhole = printed >= 0 && printed <= SUBJECT_BYTES_MAX;
  const length = isWhole ? BIO_read(bio, roomFor(SUBJECT_BYTES_MAX), SUBJECT_BYTES_MAX) : 0;
  BIO_free(bio);
  return decodeUtf8Leniently(taken(Math.max(length, 0)));
}
