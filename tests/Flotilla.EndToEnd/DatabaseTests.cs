using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>A real database in a StatefulSet, with a volume of its own for each of its pods.</summary>
public sealed class DatabaseTests(Cluster cluster)
{
    private const string Image = "redis";

    [Fact]
    public async Task Its_data_survives_its_pod_and_the_death_of_flotilla()
    {
        var programs = await DebianPrograms.GetAsync("redis-server");
        await cluster.LoadImageAsync(Image, "redis-server redis-cli", programs);
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Manifest(programs["LD_LIBRARY_PATH"]));
        await ReadyAsync(space, 1);
        Assert.Equal("OK", await RedisAsync(space, 0, "set", "answer", "42"));

        var before = await space.FieldAsync("pod/redis-0", ".metadata.uid");
        await space.OkAsync("delete", "pod", "redis-0");
        await ReadyAsync(space, 1);
        Assert.NotEqual(before, await space.FieldAsync("pod/redis-0", ".metadata.uid"));
        Assert.Equal("42", await RedisAsync(space, 0, "get", "answer"));

        Assert.Equal("OK", await RedisAsync(space, 0, "set", "answer", "43"));
        await cluster.KillAsync();
        await cluster.UpAsync();
        await ReadyAsync(space, 1);
        Assert.Equal("43", await RedisAsync(space, 0, "get", "answer"));
        await space.OkAsync("delete", "pod", "redis-0");
        await space.OkAsync("scale", "statefulset/redis", "--replicas=2");
        await ReadyAsync(space, 2);
        Assert.Equal("43", await RedisAsync(space, 0, "get", "answer"));
        Assert.Equal("", await RedisAsync(space, 1, "get", "answer"));
        Assert.Equal("Bound Bound", await space.FieldAsync("pvc", ".items[*].status.phase"));
    }

    private static async Task ReadyAsync(Space space, int replicas) => await Eventually.GetAsync(
        async () => await space.FieldAsync("statefulset/redis", ".status.readyReplicas"),
        ready => ready == $"{replicas}",
        120);

    private static Task<string> RedisAsync(Space space, int replica, params string[] arguments) =>
        space.OkAsync(["exec", $"redis-{replica}", "--", "redis-cli", .. arguments]);

    private static string Manifest(string libraries) => $$"""
        apiVersion: v1
        kind: Service
        metadata: {name: redis}
        spec: {clusterIP: None, selector: {app: redis}, ports: [{port: 6379}]}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: redis}
        spec:
          serviceName: redis
          replicas: 1
          selector: {matchLabels: {app: redis} }
          template:
            metadata: {labels: {app: redis} }
            spec:
              terminationGracePeriodSeconds: 5
              securityContext: {runAsUser: 999, runAsGroup: 999, fsGroup: 999}
              containers:
              - name: redis
                image: {{Image}}
                imagePullPolicy: Never
                command: [redis-server, --dir, /data, --appendonly, "yes", --appendfsync, always, --protected-mode, "no"]
                env: [{name: LD_LIBRARY_PATH, value: "{{libraries}}" }]
                readinessProbe: {exec: {command: [redis-cli, ping] }, periodSeconds: 1}
                volumeMounts: [{name: data, mountPath: /data}]
          volumeClaimTemplates:
          - metadata: {name: data}
            spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 64Mi} } }
        """;
}
