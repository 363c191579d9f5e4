using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Flotilla.Server.Identity;

/// <summary>
/// Signs JWTs (ES256) with the newest key and accepts those of any key it still knows. A signature is checked once: what
/// was opened is remembered, up to a bound. May be used from any thread.
/// </summary>
public sealed class TokenSigner(IReadOnlyList<ECDsa> keys)
{
    private const string Algorithm = "ES256";
    private const int MaxRemembered = 8192;

    private readonly Lock gate = new();
    private readonly ConcurrentDictionary<string, byte[]> opened = new(StringComparer.Ordinal);
    private IReadOnlyList<(string Id, ECDsa Key)> known = Identify(keys);

    /// <summary>Of the key that signs.</summary>
    public string KeyId => known[0].Id;

    /// <summary>From now on the first key signs; tokens of keys that are not among these are void.</summary>
    public void Use(IReadOnlyList<ECDsa> next)
    {
        lock (gate)
        {
            known = Identify(next);
            opened.Clear();
        }
    }

    public string Sign(byte[] payload)
    {
        lock (gate)
        {
            var header = JsonSerializer.SerializeToUtf8Bytes(new TokenHeader(Algorithm, KeyId), TokenJson.Default.TokenHeader);
            var signed = $"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(payload)}";
            return $"{signed}.{Base64Url.EncodeToString(known[0].Key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
        }
    }

    /// <summary>What the token says, after its signature has been checked; null: not a token of ours.</summary>
    public byte[]? Open(string token)
    {
        if (opened.TryGetValue(token, out var remembered))
        {
            return remembered;
        }

        if (token.Split('.') is not [var header, var payload, var signature] || !IsSigned(header, payload, signature))
        {
            return null;
        }

        if (opened.Count >= MaxRemembered)
        {
            opened.Clear();
        }

        return opened[token] = Base64Url.DecodeFromChars(payload);
    }

    /// <summary>The public keys for everybody else who checks tokens, as a JSON Web Key Set.</summary>
    public byte[] KeySet()
    {
        var set = known.Select(pair =>
        {
            var point = pair.Key.ExportParameters(includePrivateParameters: false).Q;
            return new PublicKey("sig", "EC", pair.Id, "P-256", Algorithm, Base64Url.EncodeToString(point.X), Base64Url.EncodeToString(point.Y));
        });
        return JsonSerializer.SerializeToUtf8Bytes(new PublicKeySet([.. set]), TokenJson.Default.PublicKeySet);
    }

    private static IReadOnlyList<(string, ECDsa)> Identify(IReadOnlyList<ECDsa> keys) =>
        [.. keys.Select(key => (Base64Url.EncodeToString(SHA256.HashData(key.ExportSubjectPublicKeyInfo())), key))];

    private bool IsSigned(string header, string payload, string signature)
    {
        try
        {
            if (JsonSerializer.Deserialize(Base64Url.DecodeFromChars(header), TokenJson.Default.TokenHeader) is not { Algorithm: Algorithm } named || !Base64Url.IsValid(payload))
            {
                return false;
            }

            var bytes = Base64Url.DecodeFromChars(signature);
            lock (gate)
            {
                return known.FirstOrDefault(pair => pair.Id == named.KeyId).Key?.VerifyData(Encoding.UTF8.GetBytes($"{header}.{payload}"), bytes, HashAlgorithmName.SHA256) == true;
            }
        }
        catch (Exception failure) when (failure is FormatException or JsonException)
        {
            return false;
        }
    }
}
