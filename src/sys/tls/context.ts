/**
 * What is common to connections of one kind: an SSL_CTX for each set of options. Certificates of servers are
 * not part of it: they are set on each connection, so that there are few contexts however many certificates.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import type { TlsSetupFault } from "../../tls/faults.ts";
import type { TlsOptions, TlsVersion } from "../../tls/machine.ts";
import { setupFault } from "./certificate.ts";
import { layText } from "./desk.ts";
import { listenForSecrets } from "./secrets.ts";
import { servedCiphers } from "./served-ciphers.ts";
import {
  SSL_CTX_ctrl,
  SSL_CTX_free,
  SSL_CTX_new,
  SSL_CTX_set_cipher_list,
  SSL_CTX_set_ciphersuites,
  SSL_CTX_set_options,
} from "./ssl-calls.ts";

const SSL_CTRL_MODE = 33;
const SSL_CTRL_SET_SESS_CACHE_MODE = 44;
const SSL_CTRL_SET_GROUPS_LIST = 92;
const SSL_CTRL_SET_MIN_PROTO_VERSION = 123;
const SSL_CTRL_SET_MAX_PROTO_VERSION = 124;
/** Buffers of a connection are freed while they are empty. */
const SSL_MODE_RELEASE_BUFFERS = 0x10;
const SSL_SESS_CACHE_OFF = 0;
const SSL_OP_NO_COMPRESSION = 2 ** 17;
const SSL_OP_NO_RENEGOTIATION = 2 ** 30;
const SSL_OP_NO_CERTIFICATE_COMPRESSION = 2 ** 32 + 2 ** 33;

/**
 * Mozilla's "intermediate" (5.7), without its three suites of finite-field Diffie-Hellman: every client on
 * its list knows the elliptic ones, and the others cost a server much for each handshake that anyone begins.
 */
const CIPHERS_DEFAULT = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");
const SUITES_DEFAULT = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
const GROUPS_DEFAULT = "X25519MLKEM768:X25519:P-256:P-384";

/** All names that OpenSSL knows are some 4,000 characters. */
const LIST_CHARACTERS_MAX = 16_384;

const VERSIONS: Readonly<Record<TlsVersion, number>> = { "TLSv1.2": 0x0303, "TLSv1.3": 0x0304 };

/** An SSL_CTX with what both roles have in common. The caller owns it. */
export function newContext(method: number, options: TlsOptions): Result<number, TlsSetupFault> {
  const context = SSL_CTX_new(method);
  if (context === 0) return fail(setupFault("OUT_OF_MEMORY", "no context"));
  SSL_CTX_ctrl(context, SSL_CTRL_MODE, SSL_MODE_RELEASE_BUFFERS, 0);
  SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, 0);
  listenForSecrets(context);
  const off = SSL_OP_NO_COMPRESSION + SSL_OP_NO_RENEGOTIATION + SSL_OP_NO_CERTIFICATE_COMPRESSION;
  SSL_CTX_set_options(context, off);
  const fault = limitVersions(context, options) ?? limitCiphers(context, options);
  if (fault === undefined) return ok(context);
  SSL_CTX_free(context);
  return fail(fault);
}

function limitVersions(context: number, options: TlsOptions): TlsSetupFault | undefined {
  const min = VERSIONS[options.versionMin ?? "TLSv1.2"];
  const max = VERSIONS[options.versionMax ?? "TLSv1.3"];
  if (min > max) return { code: "BAD_VERSIONS", text: "the lowest version is above the highest" };
  const isSet =
    SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, min, 0) === 1 &&
    SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, max, 0) === 1;
  return isSet ? undefined : setupFault("BAD_VERSIONS", "the versions cannot be set");
}

function limitCiphers(context: number, options: TlsOptions): TlsSetupFault | undefined {
  const { ciphers = CIPHERS_DEFAULT, suites = SUITES_DEFAULT, groups = GROUPS_DEFAULT } = options;
  if (!isText(ciphers) || !isText(suites)) return { code: "BAD_CIPHERS", text: "no list of names" };
  if (!isText(groups)) return { code: "BAD_GROUPS", text: "no list of names" };
  if (SSL_CTX_set_cipher_list(context, layText(servedCiphers(ciphers))) !== 1) {
    return setupFault("BAD_CIPHERS", "no cipher of TLS 1.2 is known by these names");
  }
  if (SSL_CTX_set_ciphersuites(context, layText(suites)) !== 1) {
    return setupFault("BAD_CIPHERS", "a cipher suite of TLS 1.3 is not known by its name");
  }
  if (SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, layText(groups)) !== 1) {
    return setupFault("BAD_GROUPS", "a group is not known by its name");
  }
  return undefined;
}

/** What OpenSSL can be given as a list: it stops reading at a zero. */
function isText(list: string): boolean {
  return list.length <= LIST_CHARACTERS_MAX && !list.includes("\0");
}
