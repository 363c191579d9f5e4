using System.Security.Cryptography;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Containers;
using Flotilla.Linux.Containerd;
using Google.Protobuf;
using Grpc.Core;

namespace Flotilla.Engine.Images.Making;

/// <summary>A new file of containerd's content, written from its beginning to its end and then committed. Disposed before that, it never was.</summary>
internal sealed class BlobWriter(Lease lease, CancellationToken cancellationToken) : Stream
{
    private const int LargestChunk = 1 << 20;
    private readonly string name = "engine-" + Ids.New();
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private AsyncDuplexStreamingCall<WriteContentRequest, WriteContentResponse>? call;
    private long written;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => written;

    public override long Position
    {
        get => written;
        set => throw new NotSupportedException();
    }

    /// <summary>A small file at once.</summary>
    /// <param name="labels">Who refers to what, in containerd's words.</param>
    public static async Task<Blob> PutAsync(Lease lease, ReadOnlyMemory<byte> bytes, string mediaType, IReadOnlyDictionary<string, string> labels, CancellationToken cancellationToken)
    {
        await using var writer = new BlobWriter(lease, cancellationToken);
        await writer.WriteAsync(bytes, cancellationToken);
        return await writer.CommitAsync(mediaType, labels);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken token = default)
    {
        for (var rest = buffer; rest.Length > 0; rest = rest[Math.Min(rest.Length, LargestChunk)..])
        {
            var chunk = rest[..Math.Min(rest.Length, LargestChunk)];
            hash.AppendData(chunk.Span);
            await SendAsync(new WriteContentRequest { Action = WriteAction.Write, Ref = name, Offset = written, Data = ByteString.CopyFrom(chunk.Span) }, token);
            written += chunk.Length;
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken token) => WriteAsync(buffer.AsMemory(offset, count), token).AsTask();

    /// <summary>Also when the same bytes were there before.</summary>
    public async Task<Blob> CommitAsync(string mediaType, IReadOnlyDictionary<string, string> labels)
    {
        var digest = "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset());
        var commit = new WriteContentRequest { Action = WriteAction.Commit, Ref = name, Total = written, Expected = digest, Offset = written };
        commit.Labels.Add(labels.ToDictionary());
        try
        {
            await SendAsync(commit, cancellationToken);
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.AlreadyExists)
        {
            await AddLabelsAsync(digest, labels);
        }

        return new Blob(digest, written, mediaType);
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken token) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronously.");

    protected override void Dispose(bool disposing)
    {
        call?.Dispose();
        hash.Dispose();
        base.Dispose(disposing);
    }

    private async Task SendAsync(WriteContentRequest request, CancellationToken token)
    {
        call ??= lease.Content.Write(cancellationToken: cancellationToken);
        try
        {
            await call.RequestStream.WriteAsync(request, token);
        }
        catch (Exception failure) when (failure is RpcException or InvalidOperationException && !token.IsCancellationRequested)
        {
            // The call is over; its answer says why.
        }

        if (!await call.ResponseStream.MoveNext(token))
        {
            throw new IOException("containerd ended the writing of a file of an image");
        }
    }

    private async Task AddLabelsAsync(string digest, IReadOnlyDictionary<string, string> labels)
    {
        if (labels.Count == 0)
        {
            return;
        }

        var update = new UpdateContentRequest { Info = new BlobInfo { Digest = digest }, UpdateMask = new() };
        update.Info.Labels.Add(labels.ToDictionary());
        update.UpdateMask.Paths.AddRange(labels.Keys.Select(label => "labels." + label));
        await lease.Content.UpdateAsync(update, cancellationToken: cancellationToken);
    }
}
