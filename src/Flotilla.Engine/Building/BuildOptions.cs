using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Commits;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Building;

/// <summary>What <c>POST /build</c> asks for beside the files. Pure.</summary>
internal sealed record BuildOptions
{
    /// <summary>Its path in the context.</summary>
    public required string Dockerfile { get; init; }

    /// <summary>Full names for what is made.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    public required string Target { get; init; }

    public required bool IsQuiet { get; init; }

    public required bool UsesCache { get; init; }

    public required bool Pulls { get; init; }

    /// <summary>Whether a container goes when its command has failed too.</summary>
    public required bool RemovesAlways { get; init; }

    public required IReadOnlyDictionary<string, string?> Arguments { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>For the containers of RUN: network, limits, more hosts.</summary>
    public required JsonObject HostConfig { get; init; }

    /// <exception cref="DockerException">It asks for what is not there.</exception>
    public static BuildOptions Of(DockerRequest request)
    {
        if (request.Query("remote") is { Length: > 0 } remote)
        {
            throw DockerException.BadRequest($"Flotilla does not fetch build contexts: clone or download {remote} and build its directory");
        }

        if (request.Query("version") == "2")
        {
            throw DockerException.BadRequest("this engine has no BuildKit: build with DOCKER_BUILDKIT=0 or with 'flotilla image build'");
        }

        if (request.Flag("squash"))
        {
            throw DockerException.BadRequest("squash is not supported; join commands in one RUN, or copy the result into a stage of its own");
        }

        var platform = request.Query("platform") ?? "";
        var own = "linux/" + ThisMachine.Architecture;
        if (platform.Length > 0 && platform != "linux" && platform != own)
        {
            throw DockerException.BadRequest($"this machine builds images of {own} only, not of {platform}; build on a machine of that kind");
        }

        return new BuildOptions
        {
            Dockerfile = request.Query("dockerfile") is { Length: > 0 } file ? file : "Dockerfile",
            Names = [.. request.Context.Request.Query["t"].OfType<string>().Where(name => name.Length > 0).Select(NewImageName.Of).Distinct(StringComparer.Ordinal)],
            Target = request.Query("target") ?? "",
            IsQuiet = request.Flag("q"),
            UsesCache = !request.Flag("nocache"),
            Pulls = request.Flag("pull"),
            RemovesAlways = request.Flag("forcerm"),
            Arguments = (Map(request, "buildargs") ?? []).ToDictionary(pair => pair.Key, pair => pair.Value.AsString(), StringComparer.Ordinal),
            Labels = (Map(request, "labels") ?? []).ToDictionary(pair => pair.Key, pair => pair.Value.AsString() ?? "", StringComparer.Ordinal),
            HostConfig = HostConfigOf(request),
        };
    }

    private static JsonObject HostConfigOf(DockerRequest request)
    {
        var host = new JsonObject { ["NetworkMode"] = request.Query("networkmode") ?? "", ["CpusetCpus"] = request.Query("cpusetcpus") ?? "", ["CpusetMems"] = request.Query("cpusetmems") ?? "" };
        foreach (var (name, field) in new[] { ("memory", "Memory"), ("memswap", "MemorySwap"), ("cpushares", "CpuShares"), ("cpuperiod", "CpuPeriod"), ("cpuquota", "CpuQuota"), ("shmsize", "ShmSize") })
        {
            if (request.Query(name) is { Length: > 0 } text)
            {
                host[field] = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw DockerException.BadRequest($"invalid value for \"{name}\": {text} is no number");
            }
        }

        if (Parsed(request, "ulimits") is JsonArray limits)
        {
            host["Ulimits"] = limits;
        }

        host["ExtraHosts"] = WireJson.Array((request.Query("extrahosts") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(line => (JsonNode)line));
        return host;
    }

    private static JsonObject? Map(DockerRequest request, string name) => Parsed(request, name) switch
    {
        null => null,
        JsonObject map => map,
        _ => throw DockerException.BadRequest($"error reading {name}: it is no JSON object"),
    };

    private static JsonNode? Parsed(DockerRequest request, string name)
    {
        try
        {
            return request.Query(name) is { Length: > 0 } text ? JsonNode.Parse(text) : null;
        }
        catch (System.Text.Json.JsonException wrong)
        {
            throw DockerException.BadRequest($"error reading {name}: {wrong.Message}");
        }
    }
}
