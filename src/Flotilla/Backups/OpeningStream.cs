using System.Security.Cryptography;
using Flotilla.Local;

namespace Flotilla.Backups;

/// <summary>The plain bytes of what a <see cref="SealingStream"/> wrote, piece by piece.</summary>
internal sealed class OpeningStream : OneWayStream
{
    private readonly BoundedStream source;
    private readonly AesGcm cipher;
    private readonly byte[] tagged = new byte[Passphrase.PieceBytes + Passphrase.TagBytes];
    private readonly byte[] plain = new byte[Passphrase.PieceBytes];
    private int piece;
    private int at;
    private int end;

    /// <param name="source">Ends with this stream.</param>
    public OpeningStream(BoundedStream source, string passphrase)
    {
        this.source = source;
        var header = new byte[Passphrase.HeaderBytes];
        source.ReadExactly(header);
        cipher = Passphrase.Cipher(header, passphrase);
    }

    public override bool CanRead => true;

    /// <exception cref="UserError">Another passphrase, or changed bytes.</exception>
    public override int Read(Span<byte> buffer)
    {
        if (at == end && source.Left > 0)
        {
            Open();
        }

        var length = Math.Min(buffer.Length, end - at);
        plain.AsSpan(at, length).CopyTo(buffer);
        at += length;
        return length;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            cipher.Dispose();
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Open()
    {
        var length = source.ReadAtLeast(tagged, tagged.Length, throwOnEndOfStream: false) - Passphrase.TagBytes;
        try
        {
            cipher.Decrypt(Passphrase.Nonce(piece++, isLast: source.Left == 0), tagged.AsSpan(0, length), tagged.AsSpan(length, Passphrase.TagBytes), plain.AsSpan(0, length));
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new UserError("The backup does not open with this passphrase.");
        }

        (at, end) = (0, length);
    }
}
