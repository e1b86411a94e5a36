/**
 * The objects that a configuration is made of, complete: every default filled in. Names and units are the
 * protocol's own (snake_case, `_ms`), because what is stored is what `LIST_*` and `DUMP_STATE` show. Not the
 * orders that change them.
 */

export type Protocol = "http" | "https" | "tcp";

/** Where we accept. Key: `address`. */
export interface Listener {
  readonly address: string;
  readonly protocol: Protocol;
  /** Every connection must begin with a PROXY header, of either version. */
  readonly accept_proxy_protocol: boolean;
  readonly front_timeout_ms: number;
  readonly back_timeout_ms: number;
  readonly connect_timeout_ms: number;
  readonly request_timeout_ms: number;
  /** Each response says which revision decided it. Absent: none does. */
  readonly revision_header?: true;
  /** What clients see as our address, where it is not `address`. */
  readonly public_address?: string;
  /** Set by `DRAIN`: it does not accept, and its sessions get one more answer each. */
  readonly draining?: true;
  /** Of https listeners, as all that follows: never empty. */
  readonly tls_versions?: readonly TlsVersion[];
  /** For TLS 1.2, in the words of OpenSSL. Absent: a safe list of our own. */
  readonly cipher_list?: string;
  /** What is offered by ALPN, best first. */
  readonly alpn?: readonly string[];
  /**
   * The curves and groups of the key exchange, best first, by OpenSSL's names. Absent: safe ones of our own.
   */
  readonly groups?: readonly string[];
  /** Handshakes for names that no certificate serves are refused. */
  readonly strict_sni?: boolean;
  /** The fingerprint of the certificate for clients that no other serves. */
  readonly default_certificate?: string;
  /** Absent: clients are not asked for a certificate. */
  readonly client_auth?: ClientAuth;
}

/** Clients are asked for a certificate; one that does not verify is refused in either mode. */
export interface ClientAuth {
  /** Whom we trust to have signed them. DER in base64. */
  readonly ca: readonly string[];
  /** Only `require` refuses clients that have none. */
  readonly mode: "request" | "require";
}

export type TlsVersion = "TLSv1.2" | "TLSv1.3";

export type LoadBalancing = "round_robin" | "random" | "least_loaded" | "power_of_two" | "hash";

/** How a connection tells whose it is before its first byte: a line of text, or binary. */
export type ProxyProtocolVersion = "v1" | "v2";

/** How each backend of a cluster is asked whether it can take requests: by `GET`, from every worker. */
export interface HealthCheck {
  /** The request's target: a path, and a query if one is wanted. */
  readonly path: string;
  /** From the beginning of one check to that of the next. */
  readonly interval_ms: number;
  /** For one check, from connecting to the response's head. */
  readonly timeout_ms: number;
  /** So many checks in a row must pass before a backend that is down is up. */
  readonly healthy: number;
  /** So many checks in a row must fail before a backend that is up is down. */
  readonly unhealthy: number;
  /** The statuses that pass, in ascending order. Absent: any 2xx. */
  readonly status?: readonly number[];
}

/** How connections to the backends of a cluster are secured. DER in base64. */
export interface ClusterTls {
  /**
   * Asked for by SNI, and verified. Absent: the backend's IP address is verified, and no name is asked for.
   */
  readonly server_name?: string;
  /** `false`: any certificate will do. */
  readonly verify: boolean;
  /** Whom we trust to have signed the backends' certificates. Absent: those that Node trusts. */
  readonly ca?: readonly string[];
  /** What is shown to backends that ask for a certificate. Comes with its key. */
  readonly certificate?: string;
  /** Each signed by the next, the first signed the certificate. */
  readonly chain?: readonly string[];
  /** PKCS #8. Never shown, unless a dump asks for keys. */
  readonly key?: string;
}

/** An application: how its backends are chosen. Key: `cluster_id`. */
export interface Cluster {
  readonly cluster_id: string;
  readonly load_balancing: LoadBalancing;
  /** Each client goes back to the backend that served it before, by a cookie. */
  readonly sticky_session: boolean;
  readonly https_redirect: boolean;
  /** The PROXY header that each connection to a backend begins with. Absent: none. */
  readonly send_proxy_protocol?: ProxyProtocolVersion;
  /** Absent: backends are not asked. */
  readonly health_check?: HealthCheck;
  /** Absent: backends are spoken to in plain text. */
  readonly tls?: ClusterTls;
  /** Set by `DRAIN`: its requests are answered with 503. */
  readonly draining?: true;
}

/** How a frontend matches the path of a request target (without its query). */
export type PathRule = { readonly prefix: string } | { readonly exact: string } | { readonly regex: string };

/** Where a redirect points; what is absent stays as requested. */
export interface Redirect {
  readonly scheme?: "http" | "https";
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  readonly status: 301 | 302 | 303 | 307 | 308;
}

/**
 * A rule from a request to a cluster, or to a refusal, or to a redirect: exactly one of the three. Key: the
 * first four fields.
 */
export interface Frontend {
  readonly listener: string;
  /** Lower case: exact, `*.example.com`, or `*`. */
  readonly hostname: string;
  readonly path: PathRule;
  /** Absent: any method. */
  readonly method?: string;
  readonly cluster_id?: string;
  readonly deny?: true;
  readonly redirect?: Redirect;
  readonly tags: Readonly<Record<string, string>>;
}

/** One address of a cluster. Key: `cluster_id`, `backend_id`. */
export interface Backend {
  readonly cluster_id: string;
  readonly backend_id: string;
  readonly address: string;
  /** 0 to 256; 0 takes no new requests while another backend can. */
  readonly weight: number;
  /** Used only while no other backend is available. */
  readonly backup: boolean;
  /** Value of the cookie of a sticky session. Absent: one is made from the key. */
  readonly sticky_id?: string;
  /** Set by `DRAIN`: it takes no new requests at all. */
  readonly draining?: true;
}

/** The kinds of keys that certificates are served with. */
export type CertificateKeyType = "rsa" | "ecdsa-p256" | "ecdsa-p384" | "ecdsa-p521" | "ed25519";

/** A certificate of an https listener. Key: `listener`, `fingerprint`. */
export interface Certificate {
  readonly listener: string;
  /** Lower-case hexadecimal SHA-256 of the certificate's DER. */
  readonly fingerprint: string;
  /** Host names that it serves: exact, or `*.example.com` for one label; IP addresses as `Host` has them. */
  readonly names: readonly string[];
  readonly key_type: CertificateKeyType;
  /** From when to when it is valid, in milliseconds since 1970. */
  readonly not_before_ms: number;
  readonly not_after_ms: number;
  /** DER in base64, as all that follows. */
  readonly certificate: string;
  /** Each signed by the next, the first signed the certificate. */
  readonly chain: readonly string[];
  /** PKCS #8. Never shown, unless a dump asks for keys. */
  readonly key: string;
}

/** One object with its kind, as changes and lists carry it. */
export type ConfigObject =
  | { readonly kind: "listener"; readonly value: Listener }
  | { readonly kind: "cluster"; readonly value: Cluster }
  | { readonly kind: "frontend"; readonly value: Frontend }
  | { readonly kind: "backend"; readonly value: Backend }
  | { readonly kind: "certificate"; readonly value: Certificate };

export type ObjectKind = ConfigObject["kind"];

/** What can drain: objects of the configuration, and workers. */
export type DrainKind = ObjectKind | "worker";
