/**
 * An engine that only takes notes: it checks every rule of the port that can be seen from the events' side,
 * checks received bytes against the endless content, and gives their buffers back.
 */
import assert from "node:assert/strict";
import type { Address } from "../../src/base/address.ts";
import type { IoFault, Port, PortEvents } from "../../src/engine/port.ts";
import { contentSlice } from "../../testing/content.ts";

/** What was told of one connection since its number was given out. */
export interface Notes {
  readonly listener: number | undefined;
  readonly peer: string;
  isConnected: boolean;
  receivedBytes: number;
  sentCount: number;
  isEnded: boolean;
  fault: IoFault | undefined;
  /** `detaching`: asked for; `detached`: told. */
  attachment: "attached" | "detaching" | "detached";
}

export class Recorder implements PortEvents {
  readonly notes: Map<number, Notes> = new Map();
  readonly accepts: number[] = [];
  readonly stopped: number[] = [];
  nowMs = 0;
  deadlineMs: number = Infinity;
  /** Instead of giving a received buffer back: what the test does with it. */
  onReceived: ((connection: number, buffer: number, start: number, end: number) => void) | undefined;
  onAccepted: ((connection: number) => void) | undefined;
  onSent: ((connection: number) => void) | undefined;
  onDetached: ((connection: number) => void) | undefined;
  onTurnEnds: (() => void) | undefined;
  #isInTurn = false;
  #isInCall = false;
  #memory: Uint8Array = new Uint8Array();

  /** The port as tests should use it: no event may come before a call has returned. */
  guard(port: Port): Port {
    this.#memory = port.buffers.memory;
    const call = <Value>(action: () => Value): Value => {
      assert.ok(!this.#isInCall);
      this.#isInCall = true;
      try {
        return action();
      } finally {
        this.#isInCall = false;
      }
    };
    const closed = (connection: number): void => void this.notes.delete(connection);
    const turned = (connection: number, attachment: Notes["attachment"]): void =>
      void (this.of(connection).attachment = attachment);
    return {
      buffers: port.buffers,
      connectionsMax: port.connectionsMax,
      accept: (listener) => call(() => port.accept(listener)),
      pauseAccepting: (listener) => call(() => port.pauseAccepting(listener)),
      stopAccepting: (listener) => call(() => port.stopAccepting(listener)),
      abandonListener: (listener) => call(() => port.abandonListener(listener)),
      connect: (address) =>
        this.#noteConnect(
          call(() => port.connect(address)),
          address,
        ),
      receive: (connection) => call(() => port.receive(connection)),
      pause: (connection) => call(() => port.pause(connection)),
      send: (connection, buffer, start, end) => call(() => port.send(connection, buffer, start, end)),
      unsentBytes: (connection) => call(() => port.unsentBytes(connection)),
      unsentBuffers: (connection) => call(() => port.unsentBuffers(connection)),
      resetOnExit: (connection) => call(() => port.resetOnExit(connection)),
      shutdown: (connection) => call(() => port.shutdown(connection)),
      close: (connection) => closed(call(() => (port.close(connection), connection))),
      reset: (connection) => closed(call(() => (port.reset(connection), connection))),
      detach: (connection) =>
        turned(
          call(() => (port.detach(connection), connection)),
          "detaching",
        ),
      eachUnsent: (connection, visit) => call(() => port.eachUnsent(connection, visit)),
      attach: (connection) =>
        turned(
          call(() => (port.attach(connection), connection)),
          "attached",
        ),
      release: (connection) => closed(call(() => (port.release(connection), connection))),
    };
  }

  /** From now on it only takes notes. */
  forgetHandlers(): void {
    this.onReceived = this.onAccepted = this.onSent = this.onDetached = this.onTurnEnds = undefined;
    this.deadlineMs = Infinity;
  }

  /** The notes of an open connection. */
  of(connection: number): Notes {
    const notes = this.notes.get(connection);
    assert.ok(notes, `connection ${connection} is not open`);
    return notes;
  }

  /** `connection` was adopted: `receivedBytes` of the content came before. */
  adopted(connection: number, receivedBytes: number): void {
    assert.ok(!this.notes.has(connection), `connection ${connection} given out twice`);
    this.notes.set(connection, { ...emptyNotes(undefined, "", true), receivedBytes });
  }

  turnStarts(now: number): void {
    assert.ok(!this.#isInTurn, "a turn within a turn");
    assert.ok(now >= this.nowMs, "the clock went back");
    this.#isInTurn = true;
    this.nowMs = now;
  }

  accepted(listener: number, connection: number, ip: string, port: number): void {
    this.#check();
    assert.ok(!this.notes.has(connection), `connection ${connection} given out twice`);
    this.notes.set(connection, emptyNotes(listener, `${ip}:${port}`, true));
    this.accepts.push(connection);
    this.onAccepted?.(connection);
  }

  acceptingStopped(listener: number): void {
    this.#check();
    this.stopped.push(listener);
  }

  connected(connection: number): void {
    const notes = this.#open(connection);
    assert.ok(!notes.isConnected, "connected twice");
    notes.isConnected = true;
  }

  received(connection: number, buffer: number, start: number, end: number): void {
    const notes = this.#open(connection);
    assert.ok(notes.isConnected && !notes.isEnded, "received before connected or after ended");
    assert.ok(end > start, "received nothing");
    const expected = contentSlice(notes.receivedBytes, notes.receivedBytes + end - start);
    assert.ok(
      expected.equals(this.#memory.subarray(start, end)),
      `other bytes than sent, at ${notes.receivedBytes}`,
    );
    notes.receivedBytes += end - start;
    if (this.onReceived) this.onReceived(connection, buffer, start, end);
    else this.releaseBuffer?.(buffer);
  }

  /** Set by the world: how a buffer is given back. */
  releaseBuffer: ((buffer: number) => void) | undefined;

  sent(connection: number): void {
    this.#open(connection).sentCount++;
    this.onSent?.(connection);
  }

  ended(connection: number): void {
    const notes = this.#open(connection);
    assert.ok(!notes.isEnded, "ended twice");
    notes.isEnded = true;
  }

  failed(connection: number, fault: IoFault): void {
    this.#open(connection).fault = fault;
  }

  detached(connection: number): void {
    const notes = this.#open(connection);
    assert.equal(notes.attachment, "detaching", "detached, and nobody asked for it");
    notes.attachment = "detached";
    this.onDetached?.(connection);
  }

  turnEnds(): number {
    this.onTurnEnds?.();
    this.#isInTurn = false;
    return this.deadlineMs;
  }

  #check(): void {
    assert.ok(this.#isInTurn, "an event outside a turn");
    assert.ok(!this.#isInCall, "an event before a call of the port returned");
  }

  #open(connection: number): Notes {
    this.#check();
    const notes = this.notes.get(connection);
    assert.ok(notes, `an event for connection ${connection}, which is not open`);
    assert.equal(notes.fault, undefined, "an event after failed");
    assert.notEqual(notes.attachment, "detached", "an event after detached");
    return notes;
  }

  #noteConnect(connection: number, address: Address): number {
    if (connection < 0) return connection;
    assert.ok(!this.notes.has(connection), `connection ${connection} given out twice`);
    this.notes.set(connection, emptyNotes(undefined, address.text, false));
    return connection;
  }
}

function emptyNotes(listener: number | undefined, peer: string, isConnected: boolean): Notes {
  return {
    listener,
    peer,
    isConnected,
    receivedBytes: 0,
    sentCount: 0,
    isEnded: false,
    fault: undefined,
    attachment: "attached",
  };
}
