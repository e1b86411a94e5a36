/** OpenSSL's libssl, as far as we use it: contexts, connections, the error queue. See `native.ts`. */
import {
  declare,
  WORD,
  type Call0,
  type Call1,
  type Call2,
  type Call3,
  type Call4,
  type Call5,
  type Call6,
} from "./native.ts";

export const TLS_server_method: Call0 = declare(WORD, "TLS_server_method");
export const TLS_client_method: Call0 = declare(WORD, "TLS_client_method");

export const SSL_CTX_new: Call1 = declare(WORD, "SSL_CTX_new", WORD);
export const SSL_CTX_free: Call1 = declare("void", "SSL_CTX_free", WORD);
export const SSL_CTX_ctrl: Call4 = declare(WORD, "SSL_CTX_ctrl", WORD, "int", WORD, WORD);
export const SSL_CTX_set_options: Call2 = declare(WORD, "SSL_CTX_set_options", WORD, WORD);
export const SSL_CTX_set_cipher_list: Call2 = declare("int", "SSL_CTX_set_cipher_list", WORD, WORD);
export const SSL_CTX_set_ciphersuites: Call2 = declare("int", "SSL_CTX_set_ciphersuites", WORD, WORD);
export const SSL_CTX_set_num_tickets: Call2 = declare("int", "SSL_CTX_set_num_tickets", WORD, WORD);
export const SSL_CTX_set_session_ticket_cb: Call4 = declare(
  "int",
  "SSL_CTX_set_session_ticket_cb",
  WORD,
  WORD,
  WORD,
  WORD,
);
export const SSL_SESSION_get0_peer: Call1 = declare(WORD, "SSL_SESSION_get0_peer", WORD);
export const SSL_CTX_set_alpn_select_cb: Call3 = declare(
  "void",
  "SSL_CTX_set_alpn_select_cb",
  WORD,
  WORD,
  WORD,
);
export const SSL_CTX_set_alpn_protos: Call3 = declare(
  "int",
  "SSL_CTX_set_alpn_protos",
  WORD,
  WORD,
  "uint32_t",
);
export const SSL_CTX_set_verify: Call3 = declare("void", "SSL_CTX_set_verify", WORD, "int", WORD);
/** Takes a reference of the store for itself. */
export const SSL_CTX_set1_cert_store: Call2 = declare("void", "SSL_CTX_set1_cert_store", WORD, WORD);
export const SSL_CTX_add1_to_CA_list: Call2 = declare("int", "SSL_CTX_add1_to_CA_list", WORD, WORD);
export const SSL_CTX_use_cert_and_key: Call5 = declare(
  "int",
  "SSL_CTX_use_cert_and_key",
  WORD,
  WORD,
  WORD,
  WORD,
  "int",
);

export const SSL_new: Call1 = declare(WORD, "SSL_new", WORD);
export const SSL_free: Call1 = declare("void", "SSL_free", WORD);
export const SSL_ctrl: Call4 = declare(WORD, "SSL_ctrl", WORD, "int", WORD, WORD);
export const SSL_set_bio: Call3 = declare("void", "SSL_set_bio", WORD, WORD, WORD);
export const SSL_set_accept_state: Call1 = declare("void", "SSL_set_accept_state", WORD);
export const SSL_set_connect_state: Call1 = declare("void", "SSL_set_connect_state", WORD);
/** Takes references of the certificate, its key and its chain for the connection. */
export const SSL_use_cert_and_key: Call5 = declare(
  "int",
  "SSL_use_cert_and_key",
  WORD,
  WORD,
  WORD,
  WORD,
  "int",
);
export const SSL_set_session_id_context: Call3 = declare(
  "int",
  "SSL_set_session_id_context",
  WORD,
  WORD,
  "uint32_t",
);
export const SSL_set1_host: Call2 = declare("int", "SSL_set1_host", WORD, WORD);
export const SSL_set_hostflags: Call2 = declare("void", "SSL_set_hostflags", WORD, "uint32_t");

export const SSL_do_handshake: Call1 = declare("int", "SSL_do_handshake", WORD);
export const SSL_read: Call3 = declare("int", "SSL_read", WORD, WORD, "int");
export const SSL_write: Call3 = declare("int", "SSL_write", WORD, WORD, "int");
export const SSL_shutdown: Call1 = declare("int", "SSL_shutdown", WORD);
export const SSL_get_error: Call2 = declare("int", "SSL_get_error", WORD, "int");

export const SSL_version: Call1 = declare("int", "SSL_version", WORD);
export const SSL_get_current_cipher: Call1 = declare(WORD, "SSL_get_current_cipher", WORD);
/** Borrowed from the context: a list of its ciphers, in the order of its liking. */
export const SSL_CTX_get_ciphers: Call1 = declare(WORD, "SSL_CTX_get_ciphers", WORD);
/** The number that stands for it in a ClientHello. */
export const SSL_CIPHER_get_protocol_id: Call1 = declare("int", "SSL_CIPHER_get_protocol_id", WORD);
/** By what kind of key its server shows who it is. */
export const SSL_CIPHER_get_auth_nid: Call1 = declare("int", "SSL_CIPHER_get_auth_nid", WORD);
export const SSL_CIPHER_get_name: Call1 = declare(WORD, "SSL_CIPHER_get_name", WORD);
export const SSL_session_reused: Call1 = declare("int", "SSL_session_reused", WORD);
export const SSL_get0_alpn_selected: Call3 = declare("void", "SSL_get0_alpn_selected", WORD, WORD, WORD);
export const SSL_select_next_proto: Call6 = declare(
  "int",
  "SSL_select_next_proto",
  WORD,
  WORD,
  WORD,
  "uint32_t",
  WORD,
  "uint32_t",
);
export const SSL_get_verify_result: Call1 = declare(WORD, "SSL_get_verify_result", WORD);
/** Borrowed from the connection. */
export const SSL_get0_peer_certificate: Call1 = declare(WORD, "SSL_get0_peer_certificate", WORD);

export const ERR_get_error: Call0 = declare(WORD, "ERR_get_error");
export const ERR_clear_error: Call0 = declare("void", "ERR_clear_error");
export const ERR_reason_error_string: Call1 = declare(WORD, "ERR_reason_error_string", WORD);

/** Tells each secret of a handshake as a line of text (SSLKEYLOGFILE's format). */
export const SSL_CTX_set_keylog_callback: Call2 = declare("void", "SSL_CTX_set_keylog_callback", WORD, WORD);
/** Borrowed from the connection. */
export const SSL_get_session: Call1 = declare(WORD, "SSL_get_session", WORD);
export const SSL_SESSION_get_max_fragment_length: Call1 = declare(
  "uint8_t",
  "SSL_SESSION_get_max_fragment_length",
  WORD,
);
export const SSL_get_client_random: Call3 = declare(WORD, "SSL_get_client_random", WORD, WORD, WORD);
export const SSL_get_server_random: Call3 = declare(WORD, "SSL_get_server_random", WORD, WORD, WORD);
