using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;

namespace Flotilla.Engine.Containers;

/// <summary>What an image says holds wherever the user says nothing. Pure.</summary>
internal static class ImageSettings
{
    private static readonly string[] HealthDurations = ["Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"];

    /// <summary>The container's configuration: the user's, filled up.</summary>
    public static JsonObject Merge(JsonObject given, JsonObject image)
    {
        var config = given.Copy();
        MergeCommand(config, image);
        MergeMap(config, image, "ExposedPorts");
        MergeMap(config, image, "Volumes");
        MergeMap(config, image, "Labels");
        MergeEnvironment(config, image);
        foreach (var name in (string[])["User", "WorkingDir", "StopSignal"])
        {
            if (config.String(name) is not { Length: > 0 } && image.String(name) is { Length: > 0 } text)
            {
                config[name] = text;
            }
        }

        MergeHealth(config, image);
        return config;
    }

    private static void MergeCommand(JsonObject config, JsonObject image)
    {
        if (config.Array("Entrypoint") is not { Count: > 0 })
        {
            if (config.Array("Cmd") is not { Count: > 0 })
            {
                config["Cmd"] = image["Cmd"]?.DeepClone();
            }

            config["Entrypoint"] = image["Entrypoint"]?.DeepClone();
        }
        else if (config.Array("Entrypoint") is [var only] && only.AsString() is "")
        {
            // --entrypoint "" takes the image's away.
            config["Entrypoint"] = null;
        }
    }

    private static void MergeMap(JsonObject config, JsonObject image, string name)
    {
        foreach (var (key, value) in image.Object(name) ?? [])
        {
            config.Child(name).TryAdd(key, value?.DeepClone());
        }
    }

    private static void MergeEnvironment(JsonObject config, JsonObject image)
    {
        var given = (config.Array("Env") ?? []).Select(line => line.AsString() ?? "").ToList();
        var names = given.Select(line => line.Split('=')[0]).ToHashSet(StringComparer.Ordinal);
        given.AddRange((image.Array("Env") ?? []).Select(line => line.AsString() ?? "").Where(line => !names.Contains(line.Split('=')[0])));
        config["Env"] = WireJson.Array(given.Select(line => (JsonNode)line));
    }

    private static void MergeHealth(JsonObject config, JsonObject image)
    {
        if (image.Object("Healthcheck") is not { } known)
        {
            return;
        }

        var given = config.Child("Healthcheck");
        if (given.Array("Test") is not { Count: > 0 })
        {
            given["Test"] = known["Test"]?.DeepClone();
        }

        foreach (var name in HealthDurations.Where(name => given.Integer(name) is null or 0 && known[name] is not null))
        {
            given[name] = known[name]!.DeepClone();
        }
    }
}
