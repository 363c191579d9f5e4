namespace Flotilla.EndToEnd;

/// <summary>The manifests the tests apply.</summary>
internal static class Manifests
{
    /// <summary>The Deployment of <c>examples/my-app</c> under a name of one's own.</summary>
    public static string Deployment(string name, int replicas) => $$$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: {{{name}}}
          labels: {app: {{{name}}}}
        spec:
          replicas: {{{replicas}}}
          selector: {matchLabels: {app: {{{name}}}}}
          template:
            metadata: {labels: {app: {{{name}}}}}
            spec:
              terminationGracePeriodSeconds: 5
              containers:
                - name: web
                  image: my-image
                  env: [{name: SOME_ENV, value: hello}]
                  ports: [{containerPort: 8080}]
        """;

    public static string Service(string name, string type = "ClusterIP") => $$$"""
        apiVersion: v1
        kind: Service
        metadata: {name: {{{name}}}}
        spec:
          type: {{{type}}}
          selector: {app: {{{name}}}}
          ports: [{name: http, port: 80, targetPort: 8080}]
        """;

    public static string Pod(string name, string command, string more = "") => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{{name}}}, labels: {app: {{{name}}}}}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
            - name: main
              image: my-image
              command: [sh, -c, "{{{command}}}"]
        {{{more}}}
        """;
}
