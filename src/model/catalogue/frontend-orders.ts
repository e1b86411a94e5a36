/**
 * The catalogue's entries on frontends.
 */
import { z } from "zod";
import { PATH_DEFAULT, REDIRECT_STATUS_DEFAULT, TAGS_DEFAULT } from "../defaults.ts";
import { TAG_NAME_CHARS_MAX, TAG_VALUE_CHARS_MAX, TAGS_MAX } from "../limits.ts";
import type { Frontend, PathRule, Redirect } from "../objects.ts";
import { parsePathRegex, parsePathText } from "../path-rule.ts";
import { OBJECT_PAGE } from "./page-fields.ts";
import type { CatalogueOf } from "./entry.ts";
import {
  addressField,
  choiceField,
  hostnameField,
  hostnamePatternField,
  type IssueParams,
  methodField,
  mustBe,
  objectIdField,
  textField,
  wholeNumberField,
} from "./fields.ts";

const listener = addressField("The listener's address.");
const hostname = hostnamePatternField("An exact host name, `*.` with a suffix, or `*` for all.");
const method = methodField("Only requests with this method; without it, any.");
const clusterId = objectIdField("The cluster that takes the requests.");
const pathText = "a path";

const path: z.ZodType<PathRule> = z
  .strictObject(
    {
      prefix: textField({ takes: pathText, about: "Paths that begin so." }, parsePathText).exactOptional(),
      exact: textField({ takes: pathText, about: "This path alone." }, parsePathText).exactOptional(),
      regex: textField(
        {
          takes: "a regular expression",
          about:
            "Paths that it matches from end to end. No back references, look-around, or repeated choices.",
        },
        parsePathRegex,
      ).exactOptional(),
    },
    mustBe('an object such as {"prefix": "/"}'),
  )
  .refine((rule) => Object.keys(rule).length === 1, {
    error: "must have exactly one of prefix, exact and regex",
  })
  .transform((rule) => rule as PathRule)
  .meta({ description: "The paths that it is for." });

const redirect: z.ZodType<Redirect> = z
  .strictObject(
    {
      scheme: choiceField(["http", "https"], "Another scheme.").exactOptional(),
      host: hostnameField("Another host.").exactOptional(),
      port: wholeNumberField(1, 65_535, "Another port.").exactOptional(),
      path: textField({ takes: pathText, about: "Another path." }, parsePathText).exactOptional(),
      status: z
        .literal([301, 302, 303, 307, 308], mustBe("301, 302, 303, 307 or 308"))
        .meta({ description: "The response's status." })
        .default(REDIRECT_STATUS_DEFAULT),
    },
    mustBe("an object"),
  )
  .refine((target) => Object.keys(target).length > 1, { error: "must change scheme, host, port or path" })
  .meta({ description: "Answer with a redirect; what is left out stays as requested." });

const tags: z.ZodType<Frontend["tags"]> = z
  .custom<Readonly<Record<string, unknown>>>(isObject, mustBe("an object of strings"))
  .transform((given, context) => {
    const fault = findTagFault(given);
    if (fault === undefined) return given as Frontend["tags"];
    context.issues.push({ code: "custom", input: given, ...fault });
    return z.NEVER;
  })
  .meta({ description: "Names and values of your own.", takes: "an object of strings" });

const key = {
  listener,
  hostname,
  path: path.default(() => PATH_DEFAULT).meta({ otherwise: PATH_DEFAULT }),
  method: method.exactOptional(),
};

const addSchema = z
  .strictObject(
    {
      ...key,
      cluster_id: clusterId.exactOptional(),
      deny: z.literal(true, mustBe("true")).meta({ description: "Answer 403 instead." }).exactOptional(),
      redirect: redirect.exactOptional(),
      tags: tags.default(() => TAGS_DEFAULT).meta({ otherwise: TAGS_DEFAULT }),
    },
    mustBe("an object"),
  )
  .refine(
    (data) => [data.cluster_id, data.deny, data.redirect].filter((end) => end !== undefined).length === 1,
    {
      error: "must have exactly one of cluster_id, deny and redirect",
    },
  );

const listSchema = z.strictObject(
  {
    listener: listener.exactOptional(),
    hostname: hostname.exactOptional(),
    path: path.exactOptional(),
    method: method.exactOptional(),
    cluster_id: clusterId.exactOptional(),
    ...OBJECT_PAGE,
  },
  mustBe("an object"),
);

export const FRONTEND_ORDERS: CatalogueOf<"ADD_FRONTEND" | "REMOVE_FRONTEND" | "LIST_FRONTENDS"> = {
  ADD_FRONTEND: {
    summary: "Send the requests of a host name, path and method to a cluster, or deny or redirect them.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: addSchema,
    example: {
      listener: "127.0.0.1:8080",
      hostname: "example.com",
      path: { prefix: "/" },
      cluster_id: "app",
    },
    errors: ["EXISTS", "UNKNOWN_LISTENER", "LIMIT_EXCEEDED"],
  },
  REMOVE_FRONTEND: {
    summary: "Remove a frontend; requests in progress go on.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: z.strictObject(key, mustBe("an object")),
    example: { listener: "127.0.0.1:8080", hostname: "example.com", path: { prefix: "/" } },
    errors: ["NOT_FOUND"],
  },
  LIST_FRONTENDS: {
    summary: "The frontends, sorted by listener, hostname, method and path.",
    changesState: false,
    right: "read",
    answeredBy: "main",
    schema: listSchema,
    example: { hostname: "example.com" },
    errors: [],
  },
};

interface TagFault {
  readonly message: string;
  readonly path?: string[];
  readonly params?: IssueParams;
}

/** `__proto__` is no name for a tag: what copies tags could take it for the object's own. */
function findTagFault(given: Readonly<Record<string, unknown>>): TagFault | undefined {
  const names = Object.keys(given);
  if (names.length > TAGS_MAX) return { message: `must have at most ${TAGS_MAX} tags` };
  for (const name of names) {
    const value = given[name];
    const path = [name.slice(0, TAG_NAME_CHARS_MAX)];
    if (name === "__proto__")
      return { path, message: "is not a name for a tag", params: { code: "UNKNOWN_FIELD" } };
    if (name === "" || name.length > TAG_NAME_CHARS_MAX) {
      return { path, message: `must have a name of 1 to ${TAG_NAME_CHARS_MAX} characters` };
    }
    if (typeof value !== "string" || value.length > TAG_VALUE_CHARS_MAX) {
      return { path, message: `must be a text of at most ${TAG_VALUE_CHARS_MAX} characters` };
    }
  }
  return undefined;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
