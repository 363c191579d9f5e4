namespace Flotilla.Conformance.Storage;

/// <summary>The manifest of a pod that looks at its volumes with a shell command and ends.</summary>
internal sealed record MountPod(string Command)
{
    /// <summary>Entries of <c>spec.volumes</c> in flow style, joined by commas.</summary>
    public required string Volumes { get; init; }

    public string Mounts { get; init; } = "{name: v, mountPath: /v}";

    /// <summary>The pod's security context in flow style.</summary>
    public string Security { get; init; } = "{}";

    public string Resources { get; init; } = "{}";

    public string Name { get; init; } = "reader";

    /// <summary>Never for pods that end; Always for those that stay.</summary>
    public string Restart { get; init; } = "Never";

    public override string ToString() => $$"""
        metadata: {name: {{Name}}, labels: {zone: us-est-coast, cluster: test-cluster1}, annotations: {build: two, builder: John-doe} }
        spec:
          restartPolicy: {{Restart}}
          securityContext: {{Security}}
          volumes: [{{Volumes}}]
          containers:
          - name: main
            image: my-image
            imagePullPolicy: Never
            resources: {{Resources}}
            command: [sh, -c, '{{Command.Replace("'", "''", StringComparison.Ordinal)}}']
            volumeMounts: [{{Mounts}}]
        """;
}
