using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Flotilla.Controllers.BootstrapTokens;

/// <summary>A JSON Web Signature (HS256) without the content that it signs (RFC 7515, appendix F).</summary>
internal static class DetachedSignature
{
    public static string For(string content, string tokenId, string tokenSecret)
    {
        var header = Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new { alg = "HS256", kid = tokenId }));
        var signed = Encoding.ASCII.GetBytes($"{header}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(content))}");
        return $"{header}..{Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(tokenSecret), signed))}";
    }
}
