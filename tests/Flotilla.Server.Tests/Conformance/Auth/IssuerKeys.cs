using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Flotilla.Server.Tests.Conformance.Auth;

/// <summary>Checks a token as a stranger does: with nothing but the published keys.</summary>
internal static class IssuerKeys
{
    public static bool Verify(string token, JsonObject keySet)
    {
        var parts = token.Split('.');
        var keyId = (string?)JsonNode.Parse(Base64Url.DecodeFromChars(parts[0]))!["kid"];
        var key = ((JsonArray)keySet["keys"]!).Single(one => (string?)one!["kid"] == keyId)!;
        using var verifier = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = Base64Url.DecodeFromChars((string)key["x"]!), Y = Base64Url.DecodeFromChars((string)key["y"]!) },
        });
        return verifier.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256);
    }
}
