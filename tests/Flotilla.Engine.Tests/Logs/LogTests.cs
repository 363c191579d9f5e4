using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Docker;
using Flotilla.Engine.Logs;
using Flotilla.Engine.Streams;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Engine.Tests.Logs;

public sealed class LogTests : IDisposable
{
    private static readonly LogQuery All = new(Output: true, Error: true, Follow: false, Tail: null, Since: null, Until: null);
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-log-");
    private readonly FakeTimeProvider time = new(DateTimeOffset.UnixEpoch.AddYears(50));

    private string Log => Path.Combine(directory.FullName, "container.log");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public async Task Lines_come_back_with_their_stream_and_time()
    {
        Write(writer =>
        {
            Say(writer, Frame.Output, "one\ntw");
            time.Advance(TimeSpan.FromSeconds(1));
            Say(writer, Frame.Error, "wrong\n");
            Say(writer, Frame.Output, "o\nno end");
        });
        var entries = await ReadAsync(All);
        Assert.Equal(["one\n", "wrong\n", "two\n", "no end"], entries.Select(entry => entry.Text));
        Assert.Equal([Frame.Output, Frame.Error, Frame.Output, Frame.Output], entries.Select(entry => entry.Kind));
        Assert.Equal("2020-01-01T00:00:01.000000000Z wrong\n", Encoding.UTF8.GetString(entries[1].ToFrame(withTime: true, "").Data.Span));
    }

    [Fact]
    public async Task A_query_chooses_by_stream_number_and_time()
    {
        Write(writer =>
        {
            for (var line = 1; line <= 6; line++)
            {
                Say(writer, line % 2 == 0 ? Frame.Error : Frame.Output, $"{line}\n");
                time.Advance(TimeSpan.FromSeconds(1));
            }
        });
        var start = DateTimeOffset.UnixEpoch.AddYears(50).UtcDateTime;
        Assert.Equal("135", await TextAsync(All with { Error = false }));
        Assert.Equal("46", await TextAsync(All with { Output = false, Tail = 2 }));
        Assert.Equal("56", await TextAsync(All with { Tail = 2 }));
        Assert.Equal("", await TextAsync(All with { Tail = 0 }));
        Assert.Equal("3456", await TextAsync(All with { Since = start.AddSeconds(2) }));
        Assert.Equal("34", await TextAsync(All with { Since = start.AddSeconds(2), Until = start.AddSeconds(3) }));
    }

    [Fact]
    public async Task A_long_line_is_cut_and_nothing_of_it_is_lost()
    {
        var line = new string('x', 40_000) + "\n";
        Write(writer => Say(writer, Frame.Output, line));
        var entries = await ReadAsync(All);
        Assert.Equal(3, entries.Count);
        Assert.Equal(line, string.Concat(entries.Select(entry => entry.Text)));
    }

    [Fact]
    public async Task A_log_that_has_grown_too_large_is_begun_anew_and_the_former_is_read_first()
    {
        Write(writer =>
        {
            for (var line = 0; line < 10; line++)
            {
                Say(writer, Frame.Output, $"{line}\n");
            }
        }, maxBytes: 400);
        Assert.True(File.Exists(LogWriter.Former(Log, 1)));
        Assert.EndsWith("89", await TextAsync(All), StringComparison.Ordinal);
        Assert.Equal("789", await TextAsync(All with { Tail = 3 }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task As_many_files_are_kept_as_are_wanted_and_read_in_their_order(int files)
    {
        Write(writer =>
        {
            for (var line = 0; line < 50; line++)
            {
                Say(writer, Frame.Output, $"{line}\n");
            }
        }, maxBytes: 400, files);
        Assert.Equal(files, directory.GetFiles().Length);
        var lines = (await ReadAsync(All)).Select(entry => int.Parse(entry.Text, System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(Enumerable.Range(50 - lines.Count, lines.Count), lines);
    }

    [Fact]
    public async Task Who_follows_a_log_that_is_begun_anew_often_misses_nothing_that_is_kept()
    {
        using var writer = new LogWriter(Log, Settings(400, files: 5), time);
        Say(writer, Frame.Output, "0\n");
        var isOver = false;
        await using var reading = LogReader.ReadAsync(Log, All with { Follow = true }, LogEntry.Parse, () => isOver, time, CancellationToken.None).GetAsyncEnumerator();
        for (var line = 0; line < 60; line++)
        {
            var next = reading.MoveNextAsync().AsTask();

            // Some come while nobody looks: more than a file holds.
            if (line % 12 == 1)
            {
                for (var later = line; later < line + 12; later++)
                {
                    Say(writer, Frame.Output, $"{later}\n");
                }
            }

            Assert.True(await PassAsync(next));
            Assert.Equal($"{line}\n", reading.Current.Text);
        }
    }

    [Theory]
    [InlineData("""{"Type":"json-file","Config":{"max-size":"10k","max-file":"3","labels":"a"}}""", 10_000, 3)]
    [InlineData("""{"Type":"json-file","Config":{"max-size":"1.5m"}}""", 1_500_000, 1)]
    [InlineData("""{"Type":"","Config":{}}""", 777, 2)]
    [InlineData("""{"Type":"local","Config":{"max-size":"2MB"}}""", 2_000_000, 5)]
    [InlineData("""{"Type":"none","Config":{"any":"thing"}}""", 0, 0)]
    public void Drivers_and_their_options_say_how_much_is_kept(string config, long bytes, int files)
    {
        var host = HostConfig(config);
        LogSettings.Check(host);
        Assert.Equal(new LogSettings(bytes, files), LogSettings.Of(host, 777));
    }

    [Theory]
    [InlineData("""{"Type":"syslog","Config":{}}""", "error looking up logging plugin syslog: plugin \"syslog\" not found")]
    [InlineData("""{"Type":"json-file","Config":{"foo":"bar"}}""", "unknown log opt 'foo' for json-file log driver")]
    [InlineData("""{"Type":"local","Config":{"labels":"a"}}""", "unknown log opt 'labels' for log driver local")]
    [InlineData("""{"Type":"json-file","Config":{"max-size":"many"}}""", "failed to initialize logging driver: invalid size: 'many'")]
    [InlineData("""{"Type":"json-file","Config":{"max-size":"0"}}""", "failed to initialize logging driver: max-size must be a positive number")]
    [InlineData("""{"Type":"json-file","Config":{"max-file":"0"}}""", "failed to initialize logging driver: max-file cannot be less than 1")]
    public void What_no_log_can_be_is_said(string config, string message)
    {
        var host = HostConfig(config);
        Assert.Equal(message, Assert.Throws<DockerException>(() =>
        {
            LogSettings.Check(host);
            LogSettings.Of(host, 777);
        }).Message);
    }

    [Fact]
    public void Of_a_log_that_nobody_wants_there_is_no_file()
    {
        Write(writer => Say(writer, Frame.Output, "gone\n"), maxBytes: 0, files: 0);
        Assert.Empty(directory.GetFiles());
    }

    [Fact]
    public async Task Who_follows_gets_what_comes_later_and_the_end()
    {
        using var writer = new LogWriter(Log, Settings(1 << 20), time);
        Say(writer, Frame.Output, "before\n");
        var isOver = false;
        await using var reading = LogReader.ReadAsync(Log, All with { Follow = true }, LogEntry.Parse, () => isOver, time, CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await reading.MoveNextAsync());
        Assert.Equal("before\n", reading.Current.Text);

        var next = reading.MoveNextAsync().AsTask();
        Say(writer, Frame.Output, "later\n");
        Assert.True(await PassAsync(next));
        Assert.Equal("later\n", reading.Current.Text);

        isOver = true;
        Assert.False(await PassAsync(reading.MoveNextAsync().AsTask()));
    }

    [Fact]
    public async Task A_line_that_was_cut_off_by_a_crash_is_passed_over()
    {
        Write(writer => Say(writer, Frame.Output, "whole\n"));
        await File.AppendAllTextAsync(Log, "{\"log\":\"ha\n");
        Write(writer => Say(writer, Frame.Output, "again\n"));
        Assert.Equal(["whole\n", "again\n"], (await ReadAsync(All)).Select(entry => entry.Text));
    }

    [Fact]
    public void Lines_of_the_runtime_are_understood()
    {
        var whole = LogEntry.ParseRuntime("2020-01-01T00:00:00.5Z stderr F some words");
        Assert.Equal(("some words\n", Frame.Error), (whole!.Text, whole.Kind));
        Assert.Equal("part", LogEntry.ParseRuntime("2020-01-01T00:00:00.5Z stdout P part")!.Text);
        Assert.Null(LogEntry.ParseRuntime("cut"));
    }

    private static void Say(LogWriter writer, byte kind, string text) => writer.Write(new Frame(kind, Encoding.UTF8.GetBytes(text)));

    private static JsonObject HostConfig(string log) => new() { ["LogConfig"] = JsonNode.Parse(log) };

    private static LogSettings Settings(long maxBytes, int files = 2) => new(maxBytes, files);

    private void Write(Action<LogWriter> write, long maxBytes = 1 << 20, int files = 2)
    {
        using var writer = new LogWriter(Log, Settings(maxBytes, files), time);
        write(writer);
    }

    private async Task<bool> PassAsync(Task<bool> next)
    {
        for (var step = 0; !next.IsCompleted && step < 10_000; step++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1);
        }

        return await next.WaitAsync(TimeSpan.Zero);
    }

    private async Task<List<LogEntry>> ReadAsync(LogQuery query) => await LogReader.ReadAsync(Log, query, LogEntry.Parse, () => true, time, CancellationToken.None).ToListAsync();

    private async Task<string> TextAsync(LogQuery query) => string.Concat((await ReadAsync(query)).Select(entry => entry.Text.Trim()));
}
