/** OpenSSL's libssl, as far as we use it: contexts, connections, the error queue. See `native.ts`. */
import { declare, type Call } from "./native.ts";

type One = [number];
type Two = [number, number];
type Three = [number, number, number];
type Four = [number, number, number, number];

export const TLS_server_method: Call<[]> = declare("int64_t", "TLS_server_method");
export const TLS_client_method: Call<[]> = declare("int64_t", "TLS_client_method");

export const SSL_CTX_new: Call<One> = declare("int64_t", "SSL_CTX_new", "int64_t");
export const SSL_CTX_free: Call<One> = declare("void", "SSL_CTX_free", "int64_t");
export const SSL_CTX_ctrl: Call<Four> = declare(
  "int64_t",
  "SSL_CTX_ctrl",
  "int64_t",
  "int",
  "int64_t",
  "int64_t",
);
export const SSL_CTX_set_options: Call<Two> = declare("int64_t", "SSL_CTX_set_options", "int64_t", "int64_t");
export const SSL_CTX_set_cipher_list: Call<Two> = declare(
  "int",
  "SSL_CTX_set_cipher_list",
  "int64_t",
  "int64_t",
);
export const SSL_CTX_set_ciphersuites: Call<Two> = declare(
  "int",
  "SSL_CTX_set_ciphersuites",
  "int64_t",
  "int64_t",
);
export const SSL_CTX_set_num_tickets: Call<Two> = declare(
  "int",
  "SSL_CTX_set_num_tickets",
  "int64_t",
  "int64_t",
);
export const SSL_CTX_set_session_ticket_cb: Call<Four> = declare(
  "int",
  "SSL_CTX_set_session_ticket_cb",
  "int64_t",
  "int64_t",
  "int64_t",
  "int64_t",
);
export const SSL_SESSION_get0_peer: Call<One> = declare("int64_t", "SSL_SESSION_get0_peer", "int64_t");
export const SSL_CTX_set_alpn_select_cb: Call<Three> = declare(
  "void",
  "SSL_CTX_set_alpn_select_cb",
  "int64_t",
  "int64_t",
  "int64_t",
);
export const SSL_CTX_set_alpn_protos: Call<Three> = declare(
  "int",
  "SSL_CTX_set_alpn_protos",
  "int64_t",
  "int64_t",
  "uint32_t",
);
export const SSL_CTX_set_verify: Call<Three> = declare(
  "void",
  "SSL_CTX_set_verify",
  "int64_t",
  "int",
  "int64_t",
);
/** Takes a reference of the store for itself. */
export const SSL_CTX_set1_cert_store: Call<Two> = declare(
  "void",
  "SSL_CTX_set1_cert_store",
  "int64_t",
  "int64_t",
);
export const SSL_CTX_add1_to_CA_list: Call<Two> = declare(
  "int",
  "SSL_CTX_add1_to_CA_list",
  "int64_t",
  "int64_t",
);
export const SSL_CTX_use_cert_and_key: Call<[number, number, number, number, number]> = declare(
  "int",
  "SSL_CTX_use_cert_and_key",
  "int64_t",
  "int64_t",
  "int64_t",
  "int64_t",
  "int",
);

export const SSL_new: Call<One> = declare("int64_t", "SSL_new", "int64_t");
export const SSL_free: Call<One> = declare("void", "SSL_free", "int64_t");
export const SSL_ctrl: Call<Four> = declare("int64_t", "SSL_ctrl", "int64_t", "int", "int64_t", "int64_t");
export const SSL_set_bio: Call<Three> = declare("void", "SSL_set_bio", "int64_t", "int64_t", "int64_t");
export const SSL_set_accept_state: Call<One> = declare("void", "SSL_set_accept_state", "int64_t");
export const SSL_set_connect_state: Call<One> = declare("void", "SSL_set_connect_state", "int64_t");
/** Takes references of the certificate, its key and its chain for the connection. */
export const SSL_use_cert_and_key: Call<[number, number, number, number, number]> = declare(
  "int",
  "SSL_use_cert_and_key",
  "int64_t",
  "int64_t",
  "int64_t",
  "int64_t",
  "int",
);
export const SSL_set_session_id_context: Call<Three> = declare(
  "int",
  "SSL_set_session_id_context",
  "int64_t",
  "int64_t",
  "uint32_t",
);
export const SSL_set1_host: Call<Two> = declare("int", "SSL_set1_host", "int64_t", "int64_t");
export const SSL_set_hostflags: Call<Two> = declare("void", "SSL_set_hostflags", "int64_t", "uint32_t");

export const SSL_do_handshake: Call<One> = declare("int", "SSL_do_handshake", "int64_t");
export const SSL_read: Call<Three> = declare("int", "SSL_read", "int64_t", "int64_t", "int");
export const SSL_write: Call<Three> = declare("int", "SSL_write", "int64_t", "int64_t", "int");
export const SSL_shutdown: Call<One> = declare("int", "SSL_shutdown", "int64_t");
export const SSL_get_error: Call<Two> = declare("int", "SSL_get_error", "int64_t", "int");

export const SSL_version: Call<One> = declare("int", "SSL_version", "int64_t");
export const SSL_get_current_cipher: Call<One> = declare("int64_t", "SSL_get_current_cipher", "int64_t");
export const SSL_CIPHER_get_name: Call<One> = declare("int64_t", "SSL_CIPHER_get_name", "int64_t");
export const SSL_session_reused: Call<One> = declare("int", "SSL_session_reused", "int64_t");
export const SSL_get0_alpn_selected: Call<Three> = declare(
  "void",
  "SSL_get0_alpn_selected",
  "int64_t",
  "int64_t",
  "int64_t",
);
export const SSL_select_next_proto: Call<[number, number, number, number, number, number]> = declare(
  "int",
  "SSL_select_next_proto",
  "int64_t",
  "int64_t",
  "int64_t",
  "uint32_t",
  "int64_t",
  "uint32_t",
);
export const SSL_get_verify_result: Call<One> = declare("int64_t", "SSL_get_verify_result", "int64_t");
/** Borrowed from the connection. */
export const SSL_get0_peer_certificate: Call<One> = declare(
  "int64_t",
  "SSL_get0_peer_certificate",
  "int64_t",
);

export const ERR_get_error: Call<[]> = declare("int64_t", "ERR_get_error");
export const ERR_clear_error: Call<[]> = declare("void", "ERR_clear_error");
export const ERR_reason_error_string: Call<One> = declare("int64_t", "ERR_reason_error_string", "int64_t");

/** Tells each secret of a handshake as a line of text (SSLKEYLOGFILE's format). */
export const SSL_CTX_set_keylog_callback: Call<Two> = declare(
  "void",
  "SSL_CTX_set_keylog_callback",
  "int64_t",
  "int64_t",
);
/** Borrowed from the connection. */
export const SSL_get_session: Call<One> = declare("int64_t", "SSL_get_session", "int64_t");
export const SSL_SESSION_get_max_fragment_length: Call<One> = declare(
  "uint8_t",
  "SSL_SESSION_get_max_fragment_length",
  "int64_t",
);
export const SSL_get_client_random: Call<Three> = declare(
  "int64_t",
  "SSL_get_client_random",
  "int64_t",
  "int64_t",
  "int64_t",
);
export const SSL_get_server_random: Call<Three> = declare(
  "int64_t",
  "SSL_get_server_random",
  "int64_t",
  "int64_t",
  "int64_t",
);
