using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Api.Kinds.Batch;

/// <summary>How far a job is, read from its status.</summary>
internal readonly struct JobState(JsonObject job)
{
    public JsonObject? Status { get; } = job.Object("status");

    public bool IsFinished => Is("Complete") || Is("Failed");

    public bool Is(string condition) => Status.Objects("conditions").Any(one => one.String("type") == condition && one.String("status") == "True");

    public bool Turned(JobState before, string condition) => Is(condition) != before.Is(condition);

    public long Count(string field) => Status.Integer(field) ?? 0;

    public bool Changed(JobState before, string field) => !JsonNode.DeepEquals(Status?[field], before.Status?[field]);
}
