using System.Globalization;
using System.Text;

namespace Flotilla.Server.Admission.Webhooks;

/// <summary>A failed answer of another server, as API clients put it.</summary>
internal static class HttpStatusText
{
    private const int MaxShown = 2048;

    public static string Of(int code, byte[] body) => code switch
    {
        400 => "the server rejected our request for an unknown reason",
        401 => "the server has asked for the client to provide credentials",
        403 => $"forbidden: {Text(body)}",
        404 => "the server could not find the requested resource",
        405 => "the server does not allow this method on the requested resource",
        429 => "the server has received too many requests and has asked us to try again later",
        503 => "the server is currently unable to handle the request",
        504 => "the server was unable to return a response in the time allotted, but may still be processing the request",
        >= 500 => $"an error on the server ({Quoted(body)}) has prevented the request from succeeding",
        _ => string.Create(CultureInfo.InvariantCulture, $"the server responded with the status code {code} but did not return more information"),
    };

    private static string Quoted(byte[] body) => "\"" + Text(body).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal) + "\"";

    private static string Text(byte[] body) => Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, MaxShown))).Trim();
}
