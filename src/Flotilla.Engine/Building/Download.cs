using System.Net.Http.Headers;
using System.Security.Cryptography;
using Flotilla.Engine.Dockerfiles;

namespace Flotilla.Engine.Building;

/// <summary>One file from elsewhere, of bounded size and time.</summary>
internal sealed class Download : IDisposable
{
    private const long MostBytes = 16L << 30;
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PauseLimit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan WholeLimit = TimeSpan.FromHours(2);
    private static readonly HttpClient Client = new(new SocketsHttpHandler { PooledConnectionLifetime = AnswerLimit }) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly Instruction instruction;
    private readonly Uri address;
    private readonly HttpResponseMessage answer;

    private Download(Instruction instruction, Uri address, HttpResponseMessage answer) => (this.instruction, this.address, this.answer) = (instruction, address, answer);

    /// <summary>What its server calls it, else the end of its address; empty: neither.</summary>
    public string FileName => Name(answer.Content.Headers.ContentDisposition) is { Length: > 0 } said ? said : Path.GetFileName(Uri.UnescapeDataString(address.AbsolutePath));

    /// <exception cref="DockerfileException">It is not to be had.</exception>
    public static async Task<Download> BeginAsync(Instruction instruction, Uri address, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(AnswerLimit);
        try
        {
            var answer = await Client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, bounded.Token);
            if (!answer.IsSuccessStatusCode)
            {
                var code = (int)answer.StatusCode;
                answer.Dispose();
                throw instruction.Wrong($"failed to download {address}: its server answers {code}");
            }

            return new Download(instruction, address, answer);
        }
        catch (HttpRequestException failure)
        {
            throw instruction.Wrong($"failed to download {address}: {failure.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw instruction.Wrong($"failed to download {address}: no answer in {AnswerLimit.TotalSeconds:0} s");
        }
    }

    /// <param name="checksum">Empty: anything.</param>
    /// <exception cref="DockerfileException">It breaks off, is too large or another file.</exception>
    public async Task SaveAsync(string file, string checksum, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var whole = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        whole.CancelAfter(WholeLimit);
        try
        {
            await using var body = await answer.Content.ReadAsStreamAsync(whole.Token);
            await using (var saved = new FileStream(file, FileMode.CreateNew, FileAccess.Write))
            {
                await CopyAsync(body, saved, hash, whole.Token);
            }
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            throw instruction.Wrong($"failed to download {address}: {broken.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw instruction.Wrong($"failed to download {address}: nothing came for {PauseLimit.TotalSeconds:0} s, or it was not over after {WholeLimit.TotalHours:0} hours");
        }

        var digest = "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset());
        if (checksum.Length > 0 && checksum != digest)
        {
            throw instruction.Wrong($"digest mismatch {digest}: {checksum}: {address} is another file than --checksum says");
        }

        if (answer.Content.Headers.LastModified is { } modified)
        {
            File.SetLastWriteTimeUtc(file, modified.UtcDateTime);
        }
    }

    public void Dispose() => answer.Dispose();

    private async Task CopyAsync(Stream body, FileStream saved, IncrementalHash hash, CancellationToken cancellationToken)
    {
        using var pause = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var buffer = new byte[1 << 17];
        while (true)
        {
            pause.CancelAfter(PauseLimit);
            var count = await body.ReadAsync(buffer, pause.Token);
            if (count == 0)
            {
                return;
            }

            hash.AppendData(buffer.AsSpan(0, count));
            await saved.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            if (saved.Length > MostBytes)
            {
                throw instruction.Wrong($"{address} is larger than {MostBytes >> 30} GB, which ADD does not download; fetch it with RUN");
            }
        }
    }

    private static string Name(ContentDispositionHeaderValue? said) => Path.GetFileName((said?.FileNameStar ?? said?.FileName ?? "").Trim('"'));
}
