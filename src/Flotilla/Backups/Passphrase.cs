using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Flotilla.Local;

namespace Flotilla.Backups;

/// <summary>
/// Seals bytes under a passphrase: AES-256-GCM in pieces, under a key that PBKDF2 makes from the passphrase and a salt of
/// its own, so that counting suffices for nonces. A piece knows its place and whether it is the last: none can be moved or left out.
/// </summary>
internal static class Passphrase
{
    public const int HeaderBytes = SaltBytes + sizeof(int);

    private const int SaltBytes = 16;
    private const int TagBytes = 16;
    private const int NonceBytes = 12;
    private const int KeyBytes = 32;
    private const int PieceBytes = 1024 * 1024;
    private const int Iterations = 600_000;
    private const int MostIterations = 10_000_000;

    /// <exception cref="UserError">The file is missing or empty.</exception>
    public static string? ReadFile(string? path)
    {
        if (path is null)
        {
            return null;
        }

        if (!File.Exists(path))
        {
            throw new UserError($"The passphrase file {path} does not exist.");
        }

        return File.ReadLines(path).FirstOrDefault() is { Length: > 0 } line ? line : throw new UserError($"The first line of {path} is empty; it must be the passphrase.");
    }

    public static byte[] Seal(ReadOnlySpan<byte> plain, string passphrase)
    {
        var pieces = Math.Max(1, (plain.Length + PieceBytes - 1) / PieceBytes);
        var result = new byte[HeaderBytes + plain.Length + (pieces * TagBytes)];
        RandomNumberGenerator.Fill(result.AsSpan(0, SaltBytes));
        BinaryPrimitives.WriteInt32BigEndian(result.AsSpan(SaltBytes), Iterations);
        using var cipher = Cipher(result, passphrase);
        var at = HeaderBytes;
        for (var piece = 0; piece < pieces; piece++)
        {
            var part = plain.Slice(piece * PieceBytes, Math.Min(PieceBytes, plain.Length - (piece * PieceBytes)));
            var nonce = Nonce(piece, piece == pieces - 1);
            cipher.Encrypt(nonce, part, result.AsSpan(at, part.Length), result.AsSpan(at + part.Length, TagBytes));
            at += part.Length + TagBytes;
        }

        return result;
    }

    /// <exception cref="UserError">Another passphrase, or changed bytes.</exception>
    public static byte[] Open(ReadOnlySpan<byte> value, string passphrase)
    {
        var count = BinaryPrimitives.ReadInt32BigEndian(value[SaltBytes..]);
        if (count is < 1 or > MostIterations)
        {
            throw new UserError("The backup is damaged.");
        }

        using var cipher = Cipher(value, passphrase);
        var body = value[HeaderBytes..];
        var pieces = Math.Max(1, (body.Length + PieceBytes + TagBytes - 1) / (PieceBytes + TagBytes));
        var plain = new byte[body.Length - (pieces * TagBytes)];
        try
        {
            for (var piece = 0; piece < pieces; piece++)
            {
                var part = body.Slice(piece * (PieceBytes + TagBytes), Math.Min(PieceBytes + TagBytes, body.Length - (piece * (PieceBytes + TagBytes))));
                var target = plain.AsSpan(piece * PieceBytes, part.Length - TagBytes);
                cipher.Decrypt(Nonce(piece, piece == pieces - 1), part[..^TagBytes], part[^TagBytes..], target);
            }

            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new UserError("The backup does not open with this passphrase.");
        }
    }

    private static AesGcm Cipher(ReadOnlySpan<byte> header, string passphrase)
    {
        var iterations = BinaryPrimitives.ReadInt32BigEndian(header[SaltBytes..]);
        var key = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(passphrase), header[..SaltBytes], iterations, HashAlgorithmName.SHA256, KeyBytes);
        return new AesGcm(key, TagBytes);
    }

    private static byte[] Nonce(int piece, bool isLast)
    {
        var nonce = new byte[NonceBytes];
        BinaryPrimitives.WriteInt32BigEndian(nonce, piece);
        nonce[^1] = isLast ? (byte)1 : (byte)0;
        return nonce;
    }
}
