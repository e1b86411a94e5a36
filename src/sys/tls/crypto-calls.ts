/** OpenSSL's libcrypto, as far as we use it: memory BIOs, certificates, keys. See `native.ts`. */
import { declare, type Call } from "./native.ts";

type One = [number];
type Two = [number, number];
type Three = [number, number, number];
type Four = [number, number, number, number];

export const BIO_s_mem: Call<[]> = declare("int64_t", "BIO_s_mem");
export const BIO_new: Call<One> = declare("int64_t", "BIO_new", "int64_t");
export const BIO_free: Call<One> = declare("int", "BIO_free", "int64_t");
export const BIO_up_ref: Call<One> = declare("int", "BIO_up_ref", "int64_t");
export const BIO_read: Call<Three> = declare("int", "BIO_read", "int64_t", "int64_t", "int");
export const BIO_write: Call<Three> = declare("int", "BIO_write", "int64_t", "int64_t", "int");
export const BIO_ctrl: Call<Four> = declare("int64_t", "BIO_ctrl", "int64_t", "int", "int64_t", "int64_t");
export const BIO_ctrl_pending: Call<One> = declare("int64_t", "BIO_ctrl_pending", "int64_t");

export const d2i_X509: Call<Three> = declare("int64_t", "d2i_X509", "int64_t", "int64_t", "int64_t");
export const X509_free: Call<One> = declare("void", "X509_free", "int64_t");
export const X509_check_private_key: Call<Two> = declare(
  "int",
  "X509_check_private_key",
  "int64_t",
  "int64_t",
);
export const X509_digest: Call<Four> = declare(
  "int",
  "X509_digest",
  "int64_t",
  "int64_t",
  "int64_t",
  "int64_t",
);
export const EVP_sha256: Call<[]> = declare("int64_t", "EVP_sha256");
export const X509_get_subject_name: Call<One> = declare("int64_t", "X509_get_subject_name", "int64_t");
export const X509_get0_notAfter: Call<One> = declare("int64_t", "X509_get0_notAfter", "int64_t");
export const X509_cmp_current_time: Call<One> = declare("int", "X509_cmp_current_time", "int64_t");
export const X509_NAME_print_ex: Call<Four> = declare(
  "int",
  "X509_NAME_print_ex",
  "int64_t",
  "int64_t",
  "int",
  "int64_t",
);
export const X509_verify_cert_error_string: Call<One> = declare(
  "int64_t",
  "X509_verify_cert_error_string",
  "int64_t",
);

export const X509_STORE_new: Call<[]> = declare("int64_t", "X509_STORE_new");
export const X509_STORE_free: Call<One> = declare("void", "X509_STORE_free", "int64_t");
export const X509_STORE_set_flags: Call<Two> = declare("int", "X509_STORE_set_flags", "int64_t", "int64_t");
export const X509_STORE_add_cert: Call<Two> = declare("int", "X509_STORE_add_cert", "int64_t", "int64_t");

export const OPENSSL_sk_new_null: Call<[]> = declare("int64_t", "OPENSSL_sk_new_null");
export const OPENSSL_sk_push: Call<Two> = declare("int", "OPENSSL_sk_push", "int64_t", "int64_t");
/** Frees the certificates too. */
export const OSSL_STACK_OF_X509_free: Call<One> = declare("void", "OSSL_STACK_OF_X509_free", "int64_t");

export const d2i_AutoPrivateKey: Call<Three> = declare(
  "int64_t",
  "d2i_AutoPrivateKey",
  "int64_t",
  "int64_t",
  "int64_t",
);
export const EVP_PKEY_free: Call<One> = declare("void", "EVP_PKEY_free", "int64_t");

/** Not OpenSSL's but the C library's: how its strings and structures are read. */
export const memcpy: Call<Three> = declare("int64_t", "memcpy", "int64_t", "int64_t", "int64_t");
/** Up to and with the first byte that is the third; gives where the copy ends, or 0 without such a byte. */
export const memccpy: Call<Four> = declare("int64_t", "memccpy", "int64_t", "int64_t", "int", "int64_t");
export const strlen: Call<One> = declare("int64_t", "strlen", "int64_t");
