using k8s.Models;

namespace Flotilla.Api;

/// <summary>An answer of the API that is not success; carries the <c>Status</c> that clients see.</summary>
public sealed class ApiException(V1Status status) : Exception(status.Message)
{
    public V1Status Status { get; } = status;

    /// <summary>HTTP status code.</summary>
    public int Code => Status.Code ?? 500;

    /// <summary>Machine-readable reason, e.g. <c>NotFound</c>, <c>Conflict</c>, <c>AlreadyExists</c>, <c>Expired</c>.</summary>
    public string Reason => Status.Reason ?? "";

    public bool IsNotFound => Code == 404;

    public bool IsConflict => Code == 409 && Reason == "Conflict";

    public bool IsAlreadyExists => Code == 409 && Reason == "AlreadyExists";

    /// <summary>The resourceVersion asked for is no longer kept: list again.</summary>
    public bool IsExpired => Code == 410;
}
