import type { InitKind, InitSettings } from "./init-kind.ts";

const PORT = 8080;

/** A deployment, its service, and how many of its pods may be away at a time. */
export const kubernetes: InitKind = {
  filesOf: (settings) => ({ [`${settings.name}.yaml`]: manifest(settings) }),
  steps: ({ name }) =>
    `millrace init docker\n` +
    `(build the image, push it where the cluster finds it, and name it in ${name}.yaml)\n` +
    `kubectl apply --dry-run=server -f ${name}.yaml\n` +
    `kubectl apply -f ${name}.yaml\n` +
    `kubectl rollout status deployment/${label(name)}\n`,
};

/** RFC 1123: what names of objects are made of. */
function label(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

function manifest({ name: given, command, port = PORT }: InitSettings): string {
  const name = label(given);
  // The kubelet asks at the address of the pod, so that probes are not of this machine alone here.
  const args = [...command, "--host", "0.0.0.0", "--port", String(port), "--admin", "0.0.0.0:9090", "--log", "json"];
  return `# ${name} by millrace: one process a pod, as many pods as are wanted.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels: { app: ${name} }
spec:
  replicas: 2
  selector:
    matchLabels: { app: ${name} }
  strategy:
    # A new pod is ready before an old one goes.
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
  template:
    metadata:
      labels: { app: ${name} }
    spec:
      # More than the 5 s of preStop and the 30 s that answers have to end.
      terminationGracePeriodSeconds: 45
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
        runAsGroup: 1000
        fsGroup: 1000
        seccompProfile: { type: RuntimeDefault }
      containers:
        - name: ${name}
          # Name the image here.
          image: ${name}:latest
          args: ${JSON.stringify(args)}
          ports:
            - { name: http, containerPort: ${port} }
            # For probes only: no service leads there. A NetworkPolicy may keep other pods away.
            - { name: admin, containerPort: 9090 }
          startupProbe:
            httpGet: { path: /readyz, port: admin }
            periodSeconds: 1
            failureThreshold: 60
          readinessProbe:
            httpGet: { path: /readyz, port: admin }
            periodSeconds: 5
          # Fails only where the event loop stands still: a server that stops, or waits for others, is not to be killed.
          livenessProbe:
            httpGet: { path: /livez, port: admin }
            periodSeconds: 10
            timeoutSeconds: 5
          lifecycle:
            preStop:
              # Until no new connections are led here; then SIGTERM lets answers end.
              sleep: { seconds: 5 }
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          resources:
            requests: { cpu: 100m, memory: 128Mi }
            limits: { memory: 512Mi }
          volumeMounts:
            - { name: tmp, mountPath: /tmp }
      volumes:
        - name: tmp
          emptyDir: {}
---
apiVersion: v1
kind: Service
metadata:
  name: ${name}
spec:
  selector: { app: ${name} }
  ports:
    - { name: http, port: 80, targetPort: http }
---
# Nodes are emptied one after the other.
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: ${name}
spec:
  maxUnavailable: 1
  selector:
    matchLabels: { app: ${name} }
`;
}
