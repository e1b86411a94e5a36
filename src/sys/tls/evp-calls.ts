/** OpenSSL's EVP ciphers and HMAC, as far as our record layer uses them. See `native.ts`. */
import { declare, type Call } from "./native.ts";

type One = [number];
type Three = [number, number, number];

export const EVP_CIPHER_fetch: Call<Three> = declare(
  "int64_t",
  "EVP_CIPHER_fetch",
  "int64_t",
  "int64_t",
  "int64_t",
);
export const EVP_CIPHER_CTX_new: Call<[]> = declare("int64_t", "EVP_CIPHER_CTX_new");
export const EVP_CIPHER_CTX_free: Call<One> = declare("void", "EVP_CIPHER_CTX_free", "int64_t");
/** Cipher, engine, key and nonce may be 0: what was there stays. */
export const EVP_CipherInit_ex: Call<[number, number, number, number, number, number]> = declare(
  "int",
  "EVP_CipherInit_ex",
  "int64_t",
  "int64_t",
  "int64_t",
  "int64_t",
  "int64_t",
  "int",
);
/** Without an output it takes associated data. */
export const EVP_CipherUpdate: Call<[number, number, number, number, number]> = declare(
  "int",
  "EVP_CipherUpdate",
  "int64_t",
  "int64_t",
  "int64_t",
  "int64_t",
  "int",
);
export const EVP_CipherFinal_ex: Call<Three> = declare(
  "int",
  "EVP_CipherFinal_ex",
  "int64_t",
  "int64_t",
  "int64_t",
);
export const EVP_CIPHER_CTX_ctrl: Call<[number, number, number, number]> = declare(
  "int",
  "EVP_CIPHER_CTX_ctrl",
  "int64_t",
  "int",
  "int",
  "int64_t",
);

export const EVP_MD_fetch: Call<Three> = declare("int64_t", "EVP_MD_fetch", "int64_t", "int64_t", "int64_t");
export const HMAC_CTX_new: Call<[]> = declare("int64_t", "HMAC_CTX_new");
export const HMAC_Init_ex: Call<[number, number, number, number, number]> = declare(
  "int",
  "HMAC_Init_ex",
  "int64_t",
  "int64_t",
  "int",
  "int64_t",
  "int64_t",
);
export const HMAC_Update: Call<Three> = declare("int", "HMAC_Update", "int64_t", "int64_t", "int64_t");
export const HMAC_Final: Call<Three> = declare("int", "HMAC_Final", "int64_t", "int64_t", "int64_t");
