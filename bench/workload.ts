/**
 * What is proxied, the same for every contestant: the hostnames, the request heads, the bodies.
 */

/** Hostnames that route, and the clusters that they lead to. */
export const HOST_COUNT = 1_000;
export const CLUSTER_COUNT = 10;
const SMALL_BODY_BYTES = 100;

/** One kind of load. */
export interface Load {
  readonly scheme: "http" | "https";
  readonly path: string;
  readonly connections: number;
}

export const BODIES: Readonly<Record<string, number>> = {
  small: SMALL_BODY_BYTES,
  "64k": 65_536,
  "1m": 1_048_576,
};

/** The hostname with this number. */
export function hostnameOf(index: number): string {
  return `app-${String(index).padStart(4, "0")}.bench.example.org`;
}

/** The cluster that a hostname leads to. */
export function clusterOf(index: number): string {
  return `cluster-${index % CLUSTER_COUNT}`;
}

/** Header fields as a browser sends them: with the request line and Host, about 600 bytes. */
const BROWSER_FIELDS: Readonly<Record<string, string>> = {
  "User-Agent":
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Accept-Language": "en-GB,en;q=0.9,de;q=0.8,ja;q=0.7",
  "Accept-Encoding": "gzip, deflate, br, zstd",
  "Cache-Control": "max-age=0",
  "Sec-Fetch-Dest": "document",
  "Sec-Fetch-Mode": "navigate",
  "Sec-Fetch-Site": "same-origin",
  "Upgrade-Insecure-Requests": "1",
  Cookie: "session=7f3c2a9be41d4c0f8a6b5d2e1c907f6a; theme=dark; consent=1",
};

/** A whole request head for one hostname. */
export function requestHeadOf(host: string, path: string): string {
  const fields = Object.entries({ Host: host, ...BROWSER_FIELDS }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `GET ${path} HTTP/1.1\r\n${fields.join("")}\r\n`;
}
