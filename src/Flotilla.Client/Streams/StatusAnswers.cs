using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Client.Streams;

/// <summary>What the error channel of exec and attach says at the end.</summary>
public static class StatusAnswers
{
    public static V1Status Success() => new() { ApiVersion = "v1", Kind = "Status", Metadata = new V1ListMeta(), Status = "Success" };

    public static V1Status ForExitCode(int code) => code == 0 ? Success() : new V1Status
    {
        ApiVersion = "v1",
        Kind = "Status",
        Metadata = new V1ListMeta(),
        Status = "Failure",
        Reason = "NonZeroExitCode",
        Message = string.Create(CultureInfo.InvariantCulture, $"command terminated with non-zero exit code: exit status {code}"),
        Details = new V1StatusDetails
        {
            Causes = [new V1StatusCause { Reason = "ExitCode", Message = code.ToString(CultureInfo.InvariantCulture) }],
        },
    };

    public static V1Status ForFailure(Exception failure) => (failure as ApiException)?.Status ?? new V1Status
    {
        ApiVersion = "v1",
        Kind = "Status",
        Metadata = new V1ListMeta(),
        Status = "Failure",
        Reason = "InternalError",
        Message = failure.Message,
        Code = 500,
        Details = new V1StatusDetails { Causes = [new V1StatusCause { Message = failure.Message }] },
    };

    /// <summary>As JSON; the model's own converter only reads.</summary>
    public static byte[] Encode(V1Status status)
    {
        var causes = (status.Details?.Causes ?? []).Select(cause => (JsonNode)Without(new JsonObject
        {
            ["reason"] = cause.Reason,
            ["message"] = cause.Message,
            ["field"] = cause.Field,
        }));
        var json = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = status.Status ?? "Failure",
            ["message"] = status.Message,
            ["reason"] = status.Reason,
            ["details"] = status.Details is null ? null : new JsonObject { ["causes"] = new JsonArray([.. causes]) },
            ["code"] = status.Code,
        };
        return Encoding.UTF8.GetBytes(Without(json).ToJsonString());
    }

    private static JsonObject Without(JsonObject json)
    {
        foreach (var name in json.Where(pair => pair.Value is null).Select(pair => pair.Key).ToList())
        {
            json.Remove(name);
        }
        return json;
    }

    public static ApiException BadRequest(string message) => new(new V1Status
    {
        ApiVersion = "v1",
        Kind = "Status",
        Metadata = new V1ListMeta(),
        Status = "Failure",
        Reason = "BadRequest",
        Message = message,
        Code = 400,
    });
}
