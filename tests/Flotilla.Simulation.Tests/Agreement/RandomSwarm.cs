using System.Globalization;
using System.Text.Json.Nodes;

namespace Flotilla.Simulation.Tests.Agreement;

/// <summary>What a swarm's users do, in an order that a seed decides: services come, grow, change, go back and go; nodes are drained; tasks are killed.</summary>
internal sealed class RandomSwarm(DockerApi docker, Random random, RandomSwarmOptions options)
{
    private const long Millisecond = 1_000_000;
    private int made;

    /// <summary>One step; in words.</summary>
    public async Task<string> StepAsync()
    {
        var services = await docker.ListAsync("/services");
        var dice = random.Next(100);
        if (services.Count == 0 || (dice < 15 && services.Count < options.MostServices))
        {
            return await CreateAsync();
        }

        var service = services[random.Next(services.Count)]!;
        return dice switch
        {
            < 30 => await ScaleAsync(service),
            < 55 => await UpdateAsync(service),
            < 62 => await RollBackAsync(service),
            < 68 => await RemoveAsync(service),
            < 80 => await SetAvailabilityAsync(random.Next(3) switch { 0 => "drain", 1 => "pause", _ => "active" }),
            _ => await KillAsync(service),
        };
    }

    /// <summary>Every node takes tasks again.</summary>
    public async Task ActivateAsync()
    {
        foreach (var node in await docker.ListAsync("/nodes"))
        {
            await SetAvailabilityAsync(node!, "active");
        }
    }

    private async Task<string> CreateAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"s{++made}");
        var mode = random.Next(4) == 0 ? new JsonObject { ["Global"] = new JsonObject() } : new JsonObject { ["Replicated"] = new JsonObject { ["Replicas"] = random.Next(options.MostReplicas + 1) } };
        var spec = new JsonObject
        {
            ["Name"] = name,
            ["Mode"] = mode,
            ["TaskTemplate"] = new JsonObject
            {
                ["ContainerSpec"] = new JsonObject { ["Image"] = options.Image, ["Command"] = new JsonArray([.. options.Command.Select(word => (JsonNode)word)]), ["StopGracePeriod"] = 1000 * Millisecond },
                ["RestartPolicy"] = new JsonObject { ["Delay"] = random.Next(options.LongestDelay) * Millisecond },
            },
            ["UpdateConfig"] = Change(),
            ["RollbackConfig"] = Change(),
        };
        await docker.OkAsync(HttpMethod.Post, "/services/create", spec);
        return $"create {name} {mode.ToJsonString()}";
    }

    private JsonObject Change() => new()
    {
        ["Parallelism"] = random.Next(4),
        ["Delay"] = random.Next(options.LongestDelay) * Millisecond,
        ["Monitor"] = (1 + random.Next(options.LongestDelay)) * Millisecond,
        ["FailureAction"] = random.Next(3) switch { 0 => "continue", 1 => "pause", _ => "rollback" },
        ["Order"] = random.Next(2) == 0 ? "stop-first" : "start-first",
    };

    private Task<string> ScaleAsync(JsonNode service)
    {
        var replicas = random.Next(options.MostReplicas + 1);
        return ChangeAsync(service, $"scale to {replicas}", spec =>
        {
            if (spec["Mode"]!["Replicated"] is JsonObject replicated)
            {
                replicated["Replicas"] = replicas;
            }
        });
    }

    private Task<string> UpdateAsync(JsonNode service)
    {
        var value = random.Next(1000);
        return random.Next(3) switch
        {
            0 => ChangeAsync(service, "force", spec => spec["TaskTemplate"]!["ForceUpdate"] = ((long?)spec["TaskTemplate"]!["ForceUpdate"] ?? 0) + 1),
            1 when options.OtherImage is { } other => ChangeAsync(service, "image", spec =>
                spec["TaskTemplate"]!["ContainerSpec"]!["Image"] = (string)spec["TaskTemplate"]!["ContainerSpec"]!["Image"]! == other ? options.Image : other),
            _ => ChangeAsync(service, $"env {value}", spec => spec["TaskTemplate"]!["ContainerSpec"]!["Env"] = new JsonArray($"VALUE={value}")),
        };
    }

    private async Task<string> RollBackAsync(JsonNode service)
    {
        var name = (string)service["Spec"]!["Name"]!;
        var (code, text) = await docker.SendAsync(HttpMethod.Post, $"/services/{service["ID"]}/update?version={service["Version"]!["Index"]}&rollback=previous", new JsonObject());
        return $"roll back {name}: {code} {text.Trim()}";
    }

    private async Task<string> RemoveAsync(JsonNode service)
    {
        await docker.OkAsync(HttpMethod.Delete, $"/services/{service["ID"]}");
        return $"remove {service["Spec"]!["Name"]}";
    }

    private async Task<string> KillAsync(JsonNode service)
    {
        var filters = Uri.EscapeDataString(new JsonObject { ["service"] = new JsonArray((string)service["ID"]!), ["desired-state"] = new JsonArray("running") }.ToJsonString());
        var running = (await docker.ListAsync($"/tasks?filters={filters}")).Where(task => (string)task!["Status"]!["State"]! == "running").ToList();
        return running.Count == 0 ? "kill nobody" : await options.KillAsync(running[random.Next(running.Count)]!, $"{service["Spec"]!["Name"]}", random);
    }

    private async Task<string> SetAvailabilityAsync(string availability)
    {
        var nodes = await docker.ListAsync("/nodes");
        return await SetAvailabilityAsync(nodes[random.Next(nodes.Count)]!, availability);
    }

    private async Task<string> SetAvailabilityAsync(JsonNode node, string availability)
    {
        var spec = node["Spec"]!.DeepClone();
        spec["Availability"] = availability;
        var (code, text) = await docker.SendAsync(HttpMethod.Post, $"/nodes/{node["ID"]}/update?version={node["Version"]!["Index"]}", spec);
        return $"{availability} {node["Description"]!["Hostname"]}: {code} {text.Trim()}";
    }

    private async Task<string> ChangeAsync(JsonNode service, string what, Action<JsonNode> change)
    {
        var spec = service["Spec"]!.DeepClone();
        change(spec);
        var (code, text) = await docker.SendAsync(HttpMethod.Post, $"/services/{service["ID"]}/update?version={service["Version"]!["Index"]}", spec);

        // A failed update may have gone back by itself meanwhile.
        return code == 200 || text.Contains("update out of sequence", StringComparison.Ordinal)
            ? $"update {spec["Name"]} ({what}): {code}"
            : throw new InvalidOperationException($"{what} of {spec.ToJsonString()}: {code} {text}");
    }
}

/// <param name="Command">Of every task.</param>
/// <param name="OtherImage">What services are updated to and from; null: they keep theirs.</param>
/// <param name="LongestDelay">Of restarts and updates, in milliseconds.</param>
/// <param name="KillAsync">Ends a running task, given its service's name; in words.</param>
internal sealed record RandomSwarmOptions(
    string Image, IReadOnlyList<string> Command, string? OtherImage, int MostServices, int MostReplicas, int LongestDelay, Func<JsonNode, string, Random, Task<string>> KillAsync);
