/**
 * Who names whom in a state: the keys of what belongs to a listener or a cluster. Kept beside the objects,
 * changed with them; it holds no object.
 */
import { HostIndex } from "./host-index.ts";
import { KeyIndex } from "./key-index.ts";
import type { Backend, Certificate, Frontend } from "./objects.ts";

export class NameIndexes {
  readonly frontendsOfListener: KeyIndex = new KeyIndex();
  readonly frontendsOfCluster: KeyIndex = new KeyIndex();
  readonly certificatesOfListener: KeyIndex = new KeyIndex();
  readonly backendsOfCluster: KeyIndex = new KeyIndex();
  /** By listener and name. */
  readonly certificatesOfName: KeyIndex = new KeyIndex();
  readonly hosts: HostIndex = new HostIndex();

  indexBackend(key: string, before: Backend | undefined, after: Backend | undefined): void {
    if (before === undefined && after !== undefined) this.backendsOfCluster.add(after.cluster_id, key);
    if (before !== undefined && after === undefined) this.backendsOfCluster.remove(before.cluster_id, key);
  }

  indexCertificate(key: string, before: Certificate | undefined, after: Certificate | undefined): void {
    if (before === undefined && after !== undefined) this.certificatesOfListener.add(after.listener, key);
    if (before !== undefined && after === undefined) this.certificatesOfListener.remove(before.listener, key);
    for (const name of before?.names ?? [])
      this.certificatesOfName.remove(`${before!.listener} ${name}`, key);
    for (const name of after?.names ?? []) this.certificatesOfName.add(`${after!.listener} ${name}`, key);
  }

  indexFrontend(key: string, before: Frontend | undefined, after: Frontend | undefined): void {
    if (before === undefined && after !== undefined) {
      this.frontendsOfListener.add(after.listener, key);
      this.hosts.add(key, after);
    }
    if (before !== undefined && after === undefined) {
      this.frontendsOfListener.remove(before.listener, key);
      this.hosts.remove(key, before);
    }
    if (before?.cluster_id === after?.cluster_id) return;
    if (before?.cluster_id !== undefined) this.frontendsOfCluster.remove(before.cluster_id, key);
    if (after?.cluster_id !== undefined) this.frontendsOfCluster.add(after.cluster_id, key);
  }
}
