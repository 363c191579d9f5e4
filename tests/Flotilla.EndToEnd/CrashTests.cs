using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>
/// Flotilla is killed at random moments of rollouts, again and again; in the end everything is as if nothing had happened.
/// Three times, or as often as <c>./test --crash N</c> says.
/// </summary>
public sealed class CrashTests(Cluster cluster, ITestOutputHelper output)
{
    private const int Completions = 12;
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("FLOTILLA_CRASHES"), out var rounds) ? rounds : 3;

    [Fact]
    public async Task Rollouts_and_jobs_come_to_the_right_end_however_often_it_is_killed()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var space = await Space.CreateAsync(cluster);
        await ApplyAsync(space, "0");
        for (var round = 1; round <= Rounds; round++)
        {
            await ApplyAsync(space, round.ToString(CultureInfo.InvariantCulture));
            await Task.Delay(random.Next(3000));
            await cluster.KillAsync();
            await Task.Delay(random.Next(500));
            await cluster.UpAsync();
        }

        await space.OkAsync("rollout", "status", "deployment/web", "--timeout=120s");
        await space.OkAsync("rollout", "status", "statefulset/db", "--timeout=120s");
        await space.OkAsync("wait", "job/work", "--for=condition=complete", "--timeout=120s");
        await CheckAsync(space, Rounds.ToString(CultureInfo.InvariantCulture));
    }

    private static async Task CheckAsync(Space space, string version)
    {
        var pods = (await ListAsync(space, "pods")).Where(pod => pod["metadata"]!["deletionTimestamp"] is null).ToList();
        Assert.Equal(3, pods.Count(pod => IsOf(pod, "web", version)));
        Assert.Equal(["db-0", "db-1"], pods.Where(pod => IsOf(pod, "db", version)).Select(pod => (string?)pod["metadata"]!["name"]).Order(StringComparer.Ordinal));

        // Each piece of work was done once and counted once; a start that died with Flotilla is no failure.
        var job = (await ListAsync(space, "jobs")).Single()["status"]!;
        Assert.Equal((Completions, $"0-{Completions - 1}"), ((int)job["succeeded"]!, (string?)job["completedIndexes"]));
        var work = pods.Where(pod => (string?)pod["metadata"]!["labels"]!["app"] == "work").ToLookup(pod => (string?)pod["status"]!["phase"], StringComparer.Ordinal);
        Assert.Equal((Completions, 0), (work["Succeeded"].Count(), (int?)job["failed"] ?? 0));
        Assert.Empty(work["Failed"]);

        // Sets of earlier templates are empty, and each template has only one.
        var sets = await ListAsync(space, "replicasets");
        Assert.Equal(3, sets.Sum(set => (int)set["spec"]!["replicas"]!));
        Assert.Equal(sets.Count, sets.Select(set => (string?)set["spec"]!["template"]!["metadata"]!["annotations"]!["version"]).Distinct().Count());
    }

    private static bool IsOf(JsonNode pod, string app, string version) =>
        (string?)pod["metadata"]!["labels"]!["app"] == app && (string?)pod["metadata"]!["annotations"]?["version"] == version;

    private static async Task<List<JsonNode>> ListAsync(Space space, string resource) =>
        [.. JsonNode.Parse(await space.OkAsync("get", resource, "-o", "json"))!["items"]!.AsArray().Select(item => item!)];

    private static Task ApplyAsync(Space space, string version) => space.ApplyAsync($$$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 3
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}, annotations: {version: "{{{version}}}"}}
            spec: {{{Spec("sleep 3600")}}}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db}
        spec:
          replicas: 2
          serviceName: db
          selector: {matchLabels: {app: db}}
          template:
            metadata: {labels: {app: db}, annotations: {version: "{{{version}}}"}}
            spec: {{{Spec("sleep 3600")}}}
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: {name: work}
        spec:
          completionMode: Indexed
          completions: {{{Completions}}}
          parallelism: 3
          template:
            metadata: {labels: {app: work}}
            spec: {{{Spec("sleep 1", restart: "Never")}}}
        """);

    private static string Spec(string command, string restart = "Always") =>
        $$$"""{restartPolicy: {{{restart}}}, terminationGracePeriodSeconds: 0, containers: [{name: main, image: {{{Cluster.Image}}}, imagePullPolicy: Never, command: [sh, -c, {{{command}}}]}]}""";
}
