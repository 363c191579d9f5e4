using Flotilla.Api;

namespace Flotilla.Docker;

/// <summary>An answer that is not success: the HTTP status and what the docker CLI prints after "Error response from daemon:".</summary>
public sealed class DockerException(int code, string message) : Exception(message)
{
    public int Code { get; } = code;

    public static DockerException BadRequest(string message) => new(400, message);

    public static DockerException Invalid(string reason) => new(400, "rpc error: code = InvalidArgument desc = " + reason);

    /// <summary>What the managers' API refuses without a code of its own.</summary>
    public static DockerException Unknown(string reason) => new(500, "rpc error: code = Unknown desc = " + reason);

    public static DockerException NotFound(string noun, string name) => new(404, $"{noun} {name} not found");

    public static DockerException Exists(string noun, string name) => new(409, $"rpc error: code = AlreadyExists desc = name conflicts with an existing object: {noun} {name} already exists");

    public static DockerException OutOfSequence() => Unknown("update out of sequence");

    /// <summary>What the cluster refused, in the words it used.</summary>
    public static DockerException From(ApiException refused) => new(
        refused.Code switch { 422 => 400, 403 or 404 or 409 or 400 or 503 => refused.Code, _ => 500 }, refused.Message);
}
