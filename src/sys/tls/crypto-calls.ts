/** OpenSSL's libcrypto, as far as we use it: memory BIOs, certificates, keys. See `native.ts`. */
import { declare, WORD, type Call0, type Call1, type Call2, type Call3, type Call4 } from "./native.ts";

export const BIO_s_mem: Call0 = declare(WORD, "BIO_s_mem");
export const BIO_new: Call1 = declare(WORD, "BIO_new", WORD);
export const BIO_free: Call1 = declare("int", "BIO_free", WORD);
export const BIO_up_ref: Call1 = declare("int", "BIO_up_ref", WORD);
export const BIO_read: Call3 = declare("int", "BIO_read", WORD, WORD, "int");
export const BIO_write: Call3 = declare("int", "BIO_write", WORD, WORD, "int");
export const BIO_ctrl: Call4 = declare(WORD, "BIO_ctrl", WORD, "int", WORD, WORD);
export const BIO_ctrl_pending: Call1 = declare(WORD, "BIO_ctrl_pending", WORD);

export const d2i_X509: Call3 = declare(WORD, "d2i_X509", WORD, WORD, WORD);
export const X509_free: Call1 = declare("void", "X509_free", WORD);
export const X509_check_private_key: Call2 = declare("int", "X509_check_private_key", WORD, WORD);
export const X509_digest: Call4 = declare("int", "X509_digest", WORD, WORD, WORD, WORD);
export const EVP_sha256: Call0 = declare(WORD, "EVP_sha256");
export const X509_get_subject_name: Call1 = declare(WORD, "X509_get_subject_name", WORD);
export const X509_get0_notAfter: Call1 = declare(WORD, "X509_get0_notAfter", WORD);
export const X509_cmp_current_time: Call1 = declare("int", "X509_cmp_current_time", WORD);
export const X509_NAME_print_ex: Call4 = declare("int", "X509_NAME_print_ex", WORD, WORD, "int", WORD);
export const X509_verify_cert_error_string: Call1 = declare(WORD, "X509_verify_cert_error_string", WORD);

export const X509_STORE_new: Call0 = declare(WORD, "X509_STORE_new");
export const X509_STORE_free: Call1 = declare("void", "X509_STORE_free", WORD);
export const X509_STORE_set_flags: Call2 = declare("int", "X509_STORE_set_flags", WORD, WORD);
export const X509_STORE_add_cert: Call2 = declare("int", "X509_STORE_add_cert", WORD, WORD);

export const OPENSSL_sk_new_null: Call0 = declare(WORD, "OPENSSL_sk_new_null");
export const OPENSSL_sk_num: Call1 = declare("int", "OPENSSL_sk_num", WORD);
export const OPENSSL_sk_value: Call2 = declare(WORD, "OPENSSL_sk_value", WORD, "int");
export const OPENSSL_sk_push: Call2 = declare("int", "OPENSSL_sk_push", WORD, WORD);
/** Frees the certificates too. */
export const OSSL_STACK_OF_X509_free: Call1 = declare("void", "OSSL_STACK_OF_X509_free", WORD);

export const d2i_AutoPrivateKey: Call3 = declare(WORD, "d2i_AutoPrivateKey", WORD, WORD, WORD);
export const EVP_PKEY_free: Call1 = declare("void", "EVP_PKEY_free", WORD);

/** Not OpenSSL's but the C library's: how its strings and structures are read. */
export const memcpy: Call3 = declare(WORD, "memcpy", WORD, WORD, WORD);
/** Up to and with the first byte that is the third; gives where the copy ends, or 0 without such a byte. */
export const memccpy: Call4 = declare(WORD, "memccpy", WORD, WORD, "int", WORD);
export const strlen: Call1 = declare(WORD, "strlen", WORD);
