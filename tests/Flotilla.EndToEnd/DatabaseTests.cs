using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>A real database in a StatefulSet, with a volume of its own for each of its pods.</summary>
public sealed class DatabaseTests(Cluster cluster)
{
    private const string Image = "redis";

    [Fact]
    public async Task The_example_of_a_claim_keeps_its_lines()
    {
        await using var space = await Space.CreateAsync(cluster);
        var example = Path.Combine(Repository.Root, "examples", "storage", "claim.yaml");
        for (var lines = 1; lines <= 2; lines++)
        {
            await space.OkAsync("apply", "-f", example);
            await space.OkAsync("wait", "--for=condition=Ready", "pod/notes", "--timeout=60s");
            Assert.Equal(lines, (await space.OkAsync("logs", "notes")).Split('\n').Length);
            await space.OkAsync("delete", "pod", "notes");
        }
    }

    [Fact]
    public async Task Its_data_survives_its_pod_and_the_death_of_flotilla()
    {
        var programs = await DebianPrograms.GetAsync("redis-server", "redis-tools");
        await cluster.LoadImageAsync(Image, "redis-server redis-cli", programs);
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(await ManifestAsync(programs["LD_LIBRARY_PATH"]));
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

    // The example as it is, but for the place of the libraries, which the image keeps where they were found.
    private static async Task<string> ManifestAsync(string libraries) =>
        (await File.ReadAllTextAsync(Path.Combine(Repository.Root, "examples", "storage", "redis.yaml")))
            .Replace("        readinessProbe:", $"        env: [{{name: LD_LIBRARY_PATH, value: {libraries}}}]\n        readinessProbe:", StringComparison.Ordinal);
}
