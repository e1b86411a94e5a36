/**
 * Tickets of clients that have shown a certificate. A session holds that certificate as it was verified once,
 * and each ticket is followed by a newer one: a client could go on with a certificate that has long expired.
 * So a ticket is only taken while the certificate in it is valid; else there is a whole handshake, which
 * judges anew. OpenSSL asks by a callback (SSL_CTX_set_session_ticket_cb(3)), once for each ticket.
 */
import { X509_cmp_current_time, X509_get0_notAfter } from "./crypto-calls.ts";
import { addressOfCallback } from "./native.ts";
import { SSL_CTX_set_session_ticket_cb, SSL_SESSION_get0_peer } from "./ssl-calls.ts";

/** What OpenSSL found of a ticket: it is good; it is good, and a newer one is to follow (ssl.h). */
const SSL_TICKET_SUCCESS = 5;
const SSL_TICKET_SUCCESS_RENEW = 6;
/** What is to be done with it. */
const SSL_TICKET_RETURN_IGNORE_RENEW = 2;
const SSL_TICKET_RETURN_USE = 3;
const SSL_TICKET_RETURN_USE_RENEW = 4;

/** Lets a server's context refuse tickets whose client's certificate has expired. */
export function refuseExpiredClients(context: number): void {
  SSL_CTX_set_session_ticket_cb(context, 0, judgement, 0);
}

const judgement = addressOfCallback<[number, number, number, number, number, number]>(
  "int",
  "ticket_judgement",
  ["int64_t", "int64_t", "int64_t", "int64_t", "int", "int64_t"],
  (_ssl, session, _keyName, _keyNameLength, status) => {
    const isGood = status === SSL_TICKET_SUCCESS || status === SSL_TICKET_SUCCESS_RENEW;
    if (!isGood || isExpired(SSL_SESSION_get0_peer(session))) return SSL_TICKET_RETURN_IGNORE_RENEW;
    return status === SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
  },
);

/** No certificate at all does not expire. */
function isExpired(x509: number): boolean {
  return x509 !== 0 && X509_cmp_current_time(X509_get0_notAfter(x509)) <= 0;
}
