/**
 * Who names whom in a state: the keys of what belongs to a listener or a cluster. Kept beside the objects,
 * changed with them; it holds no object.
 */
import { KeyIndex } from "./key-index.ts";
import type { Backend, Certificate, Frontend } from "./objects.ts";

export class NameIndexes {
  readonly frontendsOfListener: KeyIndex = new KeyIndex();
  readonly frontendsOfCluster: KeyIndex = new KeyIndex();
  readonly certificatesOfListener: KeyIndex = new KeyIndex();
  readonly backendsOfCluster: KeyIndex = new KeyIndex();

  indexBackend(key: string, before: Backend | undefined, after: Backend | undefined): void {
    if (before === undefined && after !== undefined) this.backendsOfCluster.add(after.cluster_id, key);
    if (before !== undefined && after === undefined) this.backendsOfCluster.remove(before.cluster_id, key);
  }

  indexCertificate(key: string, before: Certificate | undefined, after: Certificate | undefined): void {
    if (before === undefined && after !== undefined) this.certificatesOfListener.add(after.listener, key);
    if (before !== undefined && after === undefined) this.certificatesOfListener.remove(before.listener, key);
  }

  indexFrontend(key: string, before: Frontend | undefined, after: Frontend | undefined): void {
    if (before === undefined && after !== undefined) this.frontendsOfListener.add(after.listener, key);
    if (before !== undefined && after === undefined) this.frontendsOfListener.remove(before.listener, key);
    if (before?.cluster_id === after?.cluster_id) return;
    if (before?.cluster_id !== undefined) this.frontendsOfCluster.remove(before.cluster_id, key);
    if (after?.cluster_id !== undefined) this.frontendsOfCluster.add(after.cluster_id, key);
  }
}
