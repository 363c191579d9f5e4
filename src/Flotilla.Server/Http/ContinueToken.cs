using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Storage;

namespace Flotilla.Server.Http;

/// <summary>Where the next page of a list begins.</summary>
/// <param name="At">The revision all pages show; null: whatever is newest, after the first one's was forgotten.</param>
/// <param name="After">The last key that was shown, below the resource's storage prefix.</param>
public sealed record ContinueToken(Revision? At, string After)
{
    private const string Format = "meta.k8s.io/v1";
    private const long Newest = -1;

    public override string ToString() =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(new JsonObject { ["v"] = Format, ["rv"] = At?.Value ?? Newest, ["start"] = After + "\0" }.ToJsonString()));

    /// <exception cref="Api.ApiException">400: not a token of ours.</exception>
    public static ContinueToken Parse(string token)
    {
        byte[] bytes;
        try
        {
            bytes = Base64Url.DecodeFromChars(token);
        }
        catch (FormatException)
        {
            throw Invalid(string.Create(CultureInfo.InvariantCulture, $"illegal base64 data at input byte {BadByte(token)}"));
        }

        try
        {
            return Read(GoJson.Parse(bytes) as JsonObject);
        }
        catch (GoJsonException error)
        {
            throw Invalid(error.Message);
        }
    }

    private static ContinueToken Read(JsonObject? json)
    {
        if (json.String("v") is var version && version != Format)
        {
            throw Invalid($"server does not recognize this encoded version \"{version}\"");
        }

        if (json.Integer("rv") is not { } revision || revision is 0 or < Newest)
        {
            throw Invalid($"incorrect encoded start resourceVersion (version {Format})");
        }

        // A start that climbs out of the resource's own keys is nothing that was ever handed out.
        if (json.String("start") is not { Length: > 0 } start || start.Split('/').Any(part => part is "" or "." or ".."))
        {
            throw Invalid(json.String("start") is { Length: > 0 } climbing ? climbing : $"empty start key (version {Format})");
        }

        return new ContinueToken(revision == Newest ? null : new Revision(revision), start.TrimEnd('\0'));
    }

    private static int BadByte(string token)
    {
        var at = token.AsSpan().IndexOfAnyExcept("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
        return at < 0 ? token.Length / 4 * 4 : at;
    }

    private static Api.ApiException Invalid(string why) => Failures.BadRequest($"invalid continue token: continue key is not valid: {why}");
}
