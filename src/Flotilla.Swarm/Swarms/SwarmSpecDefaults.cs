using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;

namespace Flotilla.Swarm.Swarms;

/// <summary>Docker's defaults of a swarm's spec, and what it refuses.</summary>
internal static class SwarmSpecDefaults
{
    private const long Second = 1_000_000_000;
    private const long LeastCertificateExpiry = 3600 * Second;

    /// <summary>A field that is missing or zero gets its default.</summary>
    public static JsonObject Fill(JsonObject spec)
    {
        var filled = spec.Copy();
        filled["Name"] = "default";
        filled["Labels"] ??= new JsonObject();
        Default(filled.Child("Orchestration"), "TaskHistoryRetentionLimit", 5);
        var raft = filled.Child("Raft");
        Default(raft, "SnapshotInterval", 10000);
        Default(raft, "KeepOldSnapshots", 0);
        Default(raft, "LogEntriesForSlowFollowers", 500);
        Default(raft, "ElectionTick", 10);
        Default(raft, "HeartbeatTick", 1);
        Default(filled.Child("Dispatcher"), "HeartbeatPeriod", 5 * Second);
        var authority = filled.Child("CAConfig");
        Default(authority, "NodeCertExpiry", 90L * 24 * 3600 * Second);

        // They are what the cluster goes by from then on, and its authority's key is nothing for a spec.
        authority.Remove("SigningCACert");
        authority.Remove("SigningCAKey");
        filled.Child("TaskDefaults");
        var encryption = filled.Child("EncryptionConfig");
        encryption["AutoLockManagers"] ??= false;
        return filled;
    }

    /// <exception cref="DockerException">The spec of a new swarm cannot be.</exception>
    public static void CheckNew(JsonObject spec)
    {
        if (spec.String("Name") is { Length: > 0 } name && name != "default")
        {
            throw DockerException.BadRequest("swarm spec must be named \"default\"");
        }

        try
        {
            Check(spec);
        }
        catch (DockerException refused)
        {
            throw new DockerException(500, "error updating cluster settings: " + refused.Message);
        }
    }

    /// <exception cref="DockerException">The spec cannot be.</exception>
    public static void Check(JsonObject spec)
    {
        if (spec.Object("CAConfig").Integer("NodeCertExpiry") is > 0 and < LeastCertificateExpiry)
        {
            throw DockerException.Invalid("minimum certificate expiry time is: 1h0m0s");
        }

        if (spec.Object("Dispatcher").Integer("HeartbeatPeriod") < 0)
        {
            throw DockerException.Invalid("heartbeat time period cannot be a negative duration");
        }
    }

    private static void Default(JsonObject target, string name, long value)
    {
        if (target.Integer(name) is null or 0)
        {
            target[name] = value;
        }
    }
}
