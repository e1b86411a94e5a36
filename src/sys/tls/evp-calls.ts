/** OpenSSL's EVP ciphers and HMAC, as far as our record layer uses them. See `native.ts`. */
import {
  declare,
  WORD,
  type Call0,
  type Call1,
  type Call3,
  type Call4,
  type Call5,
  type Call6,
} from "./native.ts";

export const EVP_CIPHER_fetch: Call3 = declare(WORD, "EVP_CIPHER_fetch", WORD, WORD, WORD);
export const EVP_CIPHER_CTX_new: Call0 = declare(WORD, "EVP_CIPHER_CTX_new");
export const EVP_CIPHER_CTX_free: Call1 = declare("void", "EVP_CIPHER_CTX_free", WORD);
/** Cipher, engine, key and nonce may be 0: what was there stays. */
export const EVP_CipherInit_ex: Call6 = declare(
  "int",
  "EVP_CipherInit_ex",
  WORD,
  WORD,
  WORD,
  WORD,
  WORD,
  "int",
);
/** Without an output it takes associated data. */
export const EVP_CipherUpdate: Call5 = declare("int", "EVP_CipherUpdate", WORD, WORD, WORD, WORD, "int");
export const EVP_CipherFinal_ex: Call3 = declare("int", "EVP_CipherFinal_ex", WORD, WORD, WORD);
export const EVP_CIPHER_CTX_ctrl: Call4 = declare("int", "EVP_CIPHER_CTX_ctrl", WORD, "int", "int", WORD);

export const EVP_MD_fetch: Call3 = declare(WORD, "EVP_MD_fetch", WORD, WORD, WORD);
export const HMAC_CTX_new: Call0 = declare(WORD, "HMAC_CTX_new");
export const HMAC_Init_ex: Call5 = declare("int", "HMAC_Init_ex", WORD, WORD, "int", WORD, WORD);
export const HMAC_Update: Call3 = declare("int", "HMAC_Update", WORD, WORD, WORD);
export const HMAC_Final: Call3 = declare("int", "HMAC_Final", WORD, WORD, WORD);
