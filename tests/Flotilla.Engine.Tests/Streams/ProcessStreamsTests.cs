using System.Text;
using Flotilla.Engine.Streams;

namespace Flotilla.Engine.Tests.Streams;

public sealed class ProcessStreamsTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-pipes-");
    private readonly StringBuilder taken = new();

    private string Pipes => Path.Combine(directory.FullName, "one");

    public void Dispose()
    {
        ProcessStreams.Remove(Pipes);
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task What_is_written_arrives_until_the_writer_ends()
    {
        await using var streams = ProcessStreams.Create(Pipes, hasInput: false, hasTerminal: false);
        streams.Start(TakeAsync);
        await using (var error = Writer(streams.ErrorPath))
        await using (var output = Writer(streams.OutputPath))
        {
            streams.ReleaseKeepers();
            await output.WriteAsync("said"u8.ToArray());
        }

        await streams.Drained.WaitAsync(Limit);
        Assert.Equal("said", taken.ToString());
    }

    [Fact]
    public async Task Last_words_wait_for_the_next_process_of_ours()
    {
        var first = ProcessStreams.Create(Pipes, hasInput: false, hasTerminal: false);
        first.Start(TakeAsync);
        await using (var error = Writer(first.ErrorPath))
        await using (var output = Writer(first.OutputPath))
        {
            await first.HoldAsync(CancellationToken.None);
            first.ReleaseKeepers();
            await first.StopAsync();
            await output.WriteAsync("last words"u8.ToArray());
        }

        await using var next = ProcessStreams.Reopen(Pipes, hasInput: false, hasTerminal: false);
        next.Start(TakeAsync);
        await next.Drained.WaitAsync(Limit);
        Assert.Equal("last words", taken.ToString());
    }

    [Fact]
    public async Task Who_holds_the_pipes_ends_with_them()
    {
        await using var streams = ProcessStreams.Create(Pipes, hasInput: false, hasTerminal: true);
        await streams.HoldAsync(CancellationToken.None);
        var holder = "/proc/" + (await File.ReadAllTextAsync(Path.Combine(Pipes, "holder"))).Trim();
        Assert.Equal(streams.OutputPath, new FileInfo(holder + "/fd/3").LinkTarget);
        ProcessStreams.Remove(Pipes);
        for (var wait = 0; new FileInfo(holder + "/fd/3").LinkTarget is not null; wait++)
        {
            Assert.True(wait < 100);
            await Task.Delay(50);
        }
    }

    private static FileStream Writer(string pipe) => new(pipe, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

    private ValueTask TakeAsync(Frame frame)
    {
        lock (taken)
        {
            taken.Append(Encoding.UTF8.GetString(frame.Data.Span));
        }

        return ValueTask.CompletedTask;
    }
}
