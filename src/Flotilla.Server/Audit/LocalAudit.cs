using System.Runtime.CompilerServices;
using Flotilla.Api;
using Flotilla.Server.Authentication;
using Flotilla.Server.Authorization;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Audit;

/// <summary>Puts what a part of this process asks of the API into the audit log, as if it had come over the wire. Free without a policy.</summary>
internal sealed class LocalAudit(AuditRecorder recorder, RequestUser user, string agent)
{
    private const string Loopback = "127.0.0.1";

    public Task<ApiAnswer> AnswerAsync(ApiRequest request, string uri, Func<Task<ApiAnswer>> ask) =>
        recorder.IsOn ? AnswerRecordedAsync(request, uri, ask) : ask();

    public Task<T> ReadAsync<T>(Func<string> path, Func<Task<T>> read) => recorder.IsOn ? ReadRecordedAsync(path(), read) : read();

    public IAsyncEnumerable<T> WatchAsync<T>(Func<string> path, IAsyncEnumerable<T> changes, CancellationToken cancellationToken) =>
        recorder.IsOn ? WatchRecordedAsync(path(), changes, cancellationToken) : changes;

    private async Task<ApiAnswer> AnswerRecordedAsync(ApiRequest request, string uri, Func<Task<ApiAnswer>> ask)
    {
        var audit = await BeginAsync(request.Method, uri, name => request[name]);
        audit?.SetRequest(request);
        var answer = await EndAsync(audit, request.Notes, ask, answer => answer.Code);
        return answer;
    }

    private async Task<T> ReadRecordedAsync<T>(string path, Func<Task<T>> read) => await EndAsync(await BeginAsync("GET", path, _ => null), null, read, _ => 200);

    private static async Task<T> EndAsync<T>(AuditEvent? audit, RequestNotes? notes, Func<Task<T>> ask, Func<T, int> codeOf)
    {
        if (audit is null)
        {
            return await ask();
        }

        try
        {
            var answer = await ask();
            if (answer is ApiAnswer body)
            {
                audit.SetResponse(body);
            }

            await audit.CompleteAsync(codeOf(answer), notes);
            return answer;
        }
        catch (ApiException failure)
        {
            audit.SetFailure(failure);
            await audit.CompleteAsync(failure.Code, notes);
            throw;
        }
    }

    private async IAsyncEnumerable<T> WatchRecordedAsync<T>(string path, IAsyncEnumerable<T> changes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var audit = await BeginAsync("GET", $"{path}?watch=true", name => name == "watch" ? "true" : null);
        await (audit?.WriteStageAsync(AuditEvent.ResponseStarted) ?? Task.CompletedTask);
        try
        {
            await foreach (var change in changes.WithCancellation(cancellationToken))
            {
                yield return change;
            }
        }
        finally
        {
            await (audit?.CompleteAsync(200, null) ?? Task.CompletedTask);
        }
    }

    private ValueTask<AuditEvent?> BeginAsync(string method, string uri, Func<string, string?> query)
    {
        var wanted = RequestAttributes.Of(method, uri.Split('?')[0], query);
        return recorder.BeginAsync(new AuditSource(RandomUuid.Next(), uri, Loopback, agent), new Caller(user, null, []), wanted);
    }
}
