/**
 * ALPN (RFC 7301). A server chooses by its own order. OpenSSL asks for the choice by a callback, once for
 * each handshake whose client offers protocols; ours makes one native call and no object.
 */
import { assert } from "../../base/assert.ts";
import { encodeUtf8 } from "../../base/text.ts";
import { mapRegion, type Region } from "../arena.ts";
import { addressOfCallback } from "./native.ts";
import { SSL_CTX_set_alpn_protos, SSL_CTX_set_alpn_select_cb, SSL_select_next_proto } from "./ssl-calls.ts";

const OPENSSL_NPN_NEGOTIATED = 1;
const SSL_TLSEXT_ERR_OK = 0;
const SSL_TLSEXT_ERR_ALERT_FATAL = 2;

/** Lists live as long as the process, one for each that was ever used: there are few different ones. */
const LISTS_BYTES_MAX = 64 * 1024;
const PROTOCOL_BYTES_MAX = 255;
const lists: Region = openLists();
let listsEnd = 0;
const known = new Map<string, number>();
/** Lengths by address, because the callback is told an address alone. */
const lengths = new Map<number, number>();

/** Lets a server's context choose the first of `protocols` that the client offers; none is a fatal alert. */
export function chooseProtocols(context: number, protocols: readonly string[]): void {
  SSL_CTX_set_alpn_select_cb(context, selection, listOf(protocols));
}

/** Lets a client's context offer `protocols`. */
export function offerProtocols(context: number, protocols: readonly string[]): void {
  const list = listOf(protocols);
  assert(
    SSL_CTX_set_alpn_protos(context, list, lengths.get(list) ?? 0) === 0,
    "OpenSSL refuses a protocol list",
  );
}

const selection = addressOfCallback<[number, number, number, number, number, number]>(
  "int",
  "alpn_select",
  ["int64_t", "int64_t", "int64_t", "int64_t", "uint32_t", "int64_t"],
  (_ssl, chosen, chosenLength, offered, offeredLength, list) => {
    const length = lengths.get(list) ?? 0;
    const result = SSL_select_next_proto(chosen, chosenLength, list, length, offered, offeredLength);
    return result === OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  },
);

/** The address of a list as TLS writes it: each name behind its length in one byte. */
function listOf(protocols: readonly string[]): number {
  const name = protocols.join("\0");
  const address = known.get(name) ?? keepList(protocols);
  known.set(name, address);
  return address;
}

function keepList(protocols: readonly string[]): number {
  const start = listsEnd;
  for (const protocol of protocols) {
    const bytes = encodeUtf8(protocol);
    assert(
      bytes.length > 0 && bytes.length <= PROTOCOL_BYTES_MAX,
      "a protocol's name of 0 or above 255 bytes",
    );
    assert(listsEnd + 1 + bytes.length <= LISTS_BYTES_MAX, "too many different lists of protocols");
    lists.bytes[listsEnd] = bytes.length;
    lists.bytes.set(bytes, listsEnd + 1);
    listsEnd += 1 + bytes.length;
  }
  const address = lists.addressOf(start, listsEnd - start);
  lengths.set(address, listsEnd - start);
  return address;
}

function openLists(): Region {
  const mapped = mapRegion(LISTS_BYTES_MAX);
  assert(mapped.ok, "no memory for protocol lists");
  return mapped.value;
}
