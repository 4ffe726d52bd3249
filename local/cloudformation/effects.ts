/** What a deployment does beside recording resources: it invokes functions, and is called back. */
export interface AccountEffects {
  /** Invokes a deployed function with an event, in its own role, and waits for its end. */
  invoke(
    functionArn: string,
    event: unknown,
  ): Promise<
    { readonly ok: true; readonly payload: string } | { readonly ok: false; readonly errorType: string; readonly errorMessage: string }
  >
  /** A new URL that somebody puts one text to, as CloudFormation's presigned ones. */
  callback(): Callback
}

export interface Callback {
  readonly url: string
  /** What was put there. Never rejects. */
  readonly received: Promise<string>
  /** Nothing is taken there any more. */
  close(): void
}
