/**
 * From the kernel's error numbers to the few kinds that the engine decides by.
 */
import type { IoFault } from "../engine/port.ts";
import * as errno from "../sys/errno.ts";

const EHOSTDOWN = 112;
const ENETDOWN = 100;

/** The kind of a failed connect, receive or send. */
export function ioFaultOf(number: number): IoFault {
  switch (number) {
    case errno.ECONNREFUSED:
      return "refused";
    case errno.ENETUNREACH:
    case errno.EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
      return "unreachable";
    case errno.ECONNRESET:
    case errno.EPIPE:
    case errno.ECONNABORTED:
      return "reset";
    case errno.ETIMEDOUT:
      return "timed-out";
    case errno.EMFILE:
    case errno.ENFILE:
    case errno.ENOBUFS:
    case errno.ENOMEM:
    case errno.EADDRNOTAVAIL:
      return "no-resources";
    default:
      return "other";
  }
}
