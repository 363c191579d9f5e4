using System.Text;
using Flotilla.Client.Streams;
using Flotilla.Node.Streaming.Logs;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Node.Tests.Streaming;

public sealed class LogFollowerTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("fltlog").FullName;
    private readonly FakeTimeProvider time = new();
    private readonly MemoryStream output = new();
    private bool isRunning = true;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Log => Path.Combine(directory, "0.log");

    private string Output => Encoding.UTF8.GetString(output.ToArray());

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task Several_rotations_between_two_looks_lose_nothing()
    {
        Write(Log, "one");
        var copying = Follow();
        await UntilAsync(() => Output == "one\n");

        Rotate(1);
        Write(Log, "two");
        Rotate(2);
        Write(Log, "three");
        isRunning = false;
        await UntilAsync(() => copying.IsCompleted);

        await copying;
        Assert.Equal("one\ntwo\nthree\n", Output);
    }

    [Fact]
    public async Task What_is_still_written_to_a_renamed_file_is_read_before_its_successor()
    {
        Write(Log, "one");
        var copying = Follow();
        await UntilAsync(() => Output == "one\n");

        var old = Rotate(1);
        time.Advance(TimeSpan.FromSeconds(1));
        Write(old, "two");
        Write(Log, "three");
        await UntilAsync(() => Output == "one\ntwo\nthree\n");
        isRunning = false;
        await UntilAsync(() => copying.IsCompleted);
        await copying;
    }

    [Fact]
    public async Task The_end_of_the_container_ends_the_following_though_its_log_is_gone()
    {
        isRunning = false;
        var copying = Follow();
        await UntilAsync(() => copying.IsCompleted);
        await copying;
        Assert.Equal("", Output);
    }

    private Task Follow() =>
        new LogFollower(Log, _ => Task.FromResult(isRunning), time).CopyAsync(new LogOptions { Follow = true }, output, Cancellation);

    private string Rotate(int second)
    {
        var rotated = $"{Log}.20260101-00000{second}";
        File.Move(Log, rotated);
        return rotated;
    }

    private static void Write(string file, string text) => File.AppendAllText(file, $"2026-01-01T00:00:00Z stdout F {text}\n");

    private async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            Cancellation.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }
    }
}
