using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Server.Authentication;
using Flotilla.Server.Authorization;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Flotilla.Server.Reviews;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Audit;

/// <summary>Where a request came from.</summary>
internal sealed record AuditSource(string Id, string Uri, string Address, string Agent);

/// <summary>One request in the audit log, told once per stage; used by the request's own thread alone.</summary>
public sealed class AuditEvent
{
    public const string RequestReceived = "RequestReceived";
    public const string ResponseStarted = "ResponseStarted";
    public const string ResponseComplete = "ResponseComplete";
    public const string Panic = "Panic";

    private readonly AuditDecision decision;
    private readonly Func<byte[], ValueTask> write;
    private readonly TimeProvider time;
    private readonly JsonObject body;
    private bool complete;

    internal AuditEvent(AuditDecision decision, Func<byte[], ValueTask> write, TimeProvider time, AuditSource source, Caller caller, AccessAttributes wanted)
    {
        (this.decision, this.write, this.time) = (decision, write, time);
        body = new JsonObject
        {
            ["kind"] = "Event",
            ["apiVersion"] = "audit.k8s.io/v1",
            ["level"] = decision.Level.ToString(),
            ["auditID"] = source.Id,
            ["stage"] = "",
            ["requestURI"] = source.Uri,
            ["verb"] = wanted.Verb,
            ["user"] = ReviewAnswers.UserInfo(caller.Impersonator ?? caller.User),
        };
        if (caller.Impersonator is not null)
        {
            body["impersonatedUser"] = ReviewAnswers.UserInfo(caller.User);
        }

        body["sourceIPs"] = new JsonArray(source.Address);
        body["userAgent"] = source.Agent;
        if (wanted.IsResource)
        {
            body["objectRef"] = Reference(wanted);
        }

        body["requestReceivedTimestamp"] = Now();
    }

    /// <summary>The response's body is wanted too.</summary>
    public bool WantsResponse => decision.Level == AuditLevel.RequestResponse;

    public void SetRequest(ApiRequest request)
    {
        if (decision.Level < AuditLevel.Request || request.Body.Length == 0 || Read(request.Body, request.ContentType) is not { } value)
        {
            return;
        }

        if (body.Object("objectRef") is { } reference && value.Object("metadata").String("name") is { Length: > 0 } name)
        {
            reference.DefaultText("name", name);
        }

        body["requestObject"] = value;
    }

    public void SetResponse(ApiAnswer answer)
    {
        if (WantsResponse && answer.Stream is null && Read(answer.Body, answer.ContentType) is { } value)
        {
            body["responseObject"] = value;
        }
    }

    /// <summary>What the client is told instead of an answer.</summary>
    public void SetFailure(Api.ApiException failure)
    {
        var status = Failures.ToJson(failure.Status);
        status.Remove("kind");
        status.Remove("apiVersion");
        body["responseStatus"] = status;
    }

    /// <param name="code">What the client got.</param>
    public Task CompleteAsync(int code, RequestNotes? notes, bool panicked = false) => complete ? Task.CompletedTask : FinishAsync(panicked ? Panic : ResponseComplete, code, notes);

    public async Task WriteStageAsync(string stage)
    {
        if (decision.OmittedStages.Contains(stage))
        {
            return;
        }

        body["stage"] = stage;
        body["stageTimestamp"] = Now();
        await write(StoredObject.Serialize(body));
    }

    private async Task FinishAsync(string stage, int code, RequestNotes? notes)
    {
        complete = true;
        body.Default("responseStatus", new JsonObject { ["metadata"] = new JsonObject(), ["code"] = code });
        var annotations = new JsonObject
        {
            ["authorization.k8s.io/decision"] = code == StatusCodes.Status403Forbidden ? "forbid" : "allow",
            ["authorization.k8s.io/reason"] = "",
        };
        foreach (var (key, value) in notes?.Annotations ?? new Dictionary<string, string>())
        {
            annotations[key] = value;
        }

        body["annotations"] = annotations;
        await WriteStageAsync(stage);
    }

    private JsonObject? Read(ReadOnlyMemory<byte> bytes, string? contentType)
    {
        try
        {
            var value = BodyReader.IsProtobuf(contentType) ? BodyReader.ReadProtobuf(bytes)
                : (BodyReader.IsYaml(contentType) ? YamlReader.Parse(bytes.Span) : GoJson.Parse(bytes.Span)) as JsonObject;
            if (decision.OmitManagedFields)
            {
                value.Object("metadata")?.Remove("managedFields");
            }

            return value;
        }
        catch (Exception error) when (error is GoJsonException or Api.ApiException or FormatException)
        {
            // What cannot be read is refused by the handler; the event goes without it.
            return null;
        }
    }

    private static JsonObject Reference(AccessAttributes wanted)
    {
        var reference = new JsonObject { ["resource"] = wanted.Resource };
        foreach (var (name, value) in (ReadOnlySpan<(string, string?)>)[("namespace", wanted.Namespace), ("name", wanted.Name), ("apiGroup", wanted.Group), ("apiVersion", wanted.Version), ("subresource", wanted.Subresource)])
        {
            if (!string.IsNullOrEmpty(value))
            {
                reference[name] = value;
            }
        }

        return reference;
    }

    private string Now() => time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
